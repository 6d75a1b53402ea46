/** Chinese in the other script, by OpenCC's dictionaries of characters and phrases (the package `opencc-js`). */
import { createRequire } from 'node:module';
import { type Changed, countCharacters } from './changed.ts';

export const CHINESE_SCRIPTS = ['simplified', 'traditional'] as const;
export type ChineseScript = (typeof CHINESE_SCRIPTS)[number];

const require = createRequire(import.meta.url);
const converters = new Map<ChineseScript, (text: string) => string>();

/** The dictionaries of one direction are read when they are first needed. */
function converterTo(script: ChineseScript): (text: string) => string {
  const known = converters.get(script);
  if (known) return known;
  const [from, to] = script === 'simplified' ? ['t', 'cn'] : ['cn', 't'];
  const { Converter } = require('opencc-js') as typeof import('opencc-js');
  const converter = Converter({ from, to } as Parameters<typeof Converter>[0]);
  converters.set(script, converter);
  return converter;
}

const HAN = /\p{Script=Han}+/gu;

/** Words stay as they are: 軟體 becomes 软体, not 软件. */
export function chineseScript(text: string, script: ChineseScript): Changed {
  let characters = 0;
  const convert = converterTo(script);
  const result = text.replace(HAN, run => {
    const converted = convert(run);
    if (converted !== run) characters += countDifferent([...run], [...converted]);
    return converted;
  });
  return { text: result, characters };
}

/** Characters of `before` that are others in `after`; all of them where the lengths differ. */
function countDifferent(before: readonly string[], after: readonly string[]): number {
  if (before.length !== after.length) return countCharacters(before.join(''));
  return before.filter((character, i) => character !== after[i]).length;
}
