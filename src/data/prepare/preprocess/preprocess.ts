/**
 * Steps that make texts plainer on request, in one order: what changes characters comes before what looks for words, and
 * punctuation goes last, since words and addresses are told by it.
 */
import { z } from 'zod';
import { stripAccents } from './accents.ts';
import type { Changed } from './changed.ts';
import { CHINESE_SCRIPTS, chineseScript } from './chinese-script.ts';
import { lowerCase } from './lower-case.ts';
import { stripPunctuation } from './punctuation.ts';
import { betweenPlaceholders, REPLACEMENTS, replaceKind } from './replacements.ts';
import { removeStopWords, type StopWordList, stopWordList } from './stop-words.ts';
import { UNICODE_FORMS, unicodeForm } from './unicode-form.ts';

const known = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, { error: ({ input }) => `'${String(input)}' is not known; there are ${names.join(', ')}` });

/** What `prepare` takes; nothing of it is done unless it is asked for. */
export const preprocessKeys = {
  /** Unicode's normalisation form; cleaning gives NFC. */
  unicodeForm: known(UNICODE_FORMS).optional(),
  /** The script that Chinese is converted to. */
  chinese: known(CHINESE_SCRIPTS).optional(),
  /** Letters without accents. */
  stripAccents: z.boolean().optional(),
  /** What is replaced by `<url>`, `<email>` and `<number>`. */
  replace: z.array(known(REPLACEMENTS)).optional(),
  lowerCase: z.boolean().optional(),
  /** Words that are left out: `english`, `chinese`, or files with a word a line. */
  stopWords: z.array(z.string().min(1)).optional(),
  stripPunctuation: z.boolean().optional(),
};
const options = z.strictObject(preprocessKeys);
type PreprocessOptions = z.output<typeof options>;

/** The steps that were asked for, as they are sent to worker threads. */
export interface PreprocessPlan extends Omit<PreprocessOptions, 'stopWords'> {
  stopWords?: StopWordList[];
}

/** @throws UserError for stop words that are not known */
export const planPreprocess = ({
  unicodeForm,
  chinese,
  stripAccents,
  replace,
  lowerCase,
  stopWords,
  stripPunctuation,
}: PreprocessOptions): PreprocessPlan => ({
  unicodeForm,
  chinese,
  stripAccents,
  replace,
  lowerCase,
  stopWords: stopWords?.map(stopWordList),
  stripPunctuation,
});

/** The name of the step that has lists. */
export const STOP_WORDS = 'stop words';

export interface Step {
  name: string;
  apply(text: string): Changed;
}

export function preprocessSteps(plan: PreprocessPlan): Step[] {
  const steps: Step[] = [];
  const add = (name: string, apply: Step['apply']): void => void steps.push({ name, apply });
  const between = (apply: Step['apply']): Step['apply'] =>
    plan.replace ? text => betweenPlaceholders(text, apply) : apply;
  const { unicodeForm: form, chinese, stopWords } = plan;
  if (form) add(`Unicode form ${form}`, text => unicodeForm(text, form));
  if (chinese) add(`${chinese} Chinese`, text => chineseScript(text, chinese));
  if (plan.stripAccents) add('accents', stripAccents);
  // An address has numbers in it, and is looked for first.
  for (const kind of REPLACEMENTS) {
    if (plan.replace?.includes(kind))
      add(
        kind,
        between(text => replaceKind(text, kind)),
      );
  }
  if (plan.lowerCase) add('lower case', between(lowerCase));
  if (stopWords && stopWords.length > 0) {
    const words = new Set(stopWords.flatMap(list => list.words));
    add(
      STOP_WORDS,
      between(text => removeStopWords(text, words)),
    );
  }
  if (plan.stripPunctuation) add('punctuation', between(stripPunctuation));
  return steps;
}
