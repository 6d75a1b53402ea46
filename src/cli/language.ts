/** Which language `--help` speaks: what TSLM_LANG says, or a file's key `language`, or the system's locale; else English. */
import type { Command } from 'commander';
import { usageError } from '../support/errors.ts';
import type { Layer } from './config/layers.ts';

export type Language = 'en' | 'zh';

/** The key beside the commands in tslm.yaml. */
export const LANGUAGE_KEY = 'language';

/** @throws UserError for a language that is asked for by name and not spoken here */
export function languageOf(env: NodeJS.ProcessEnv, layers: readonly Layer[] = []): Language {
  if (env.TSLM_LANG) return requireLanguage(env.TSLM_LANG, 'TSLM_LANG');
  const layer = layers.find(({ values }) => values[LANGUAGE_KEY] !== undefined);
  if (layer) return requireLanguage(layer.values[LANGUAGE_KEY], `${layer.name}: '${LANGUAGE_KEY}'`);
  // POSIX: the first that is set decides, whatever it says.
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return isChinese(locale) ? 'zh' : 'en';
}

/** `zh`, `zh_CN.UTF-8`, `zh-Hans` */
const isChinese = (tag: string): boolean => /^zh([_.@-]|$)/i.test(tag);

function requireLanguage(tag: unknown, where: string): Language {
  if (typeof tag === 'string' && isChinese(tag)) return 'zh';
  if (typeof tag === 'string' && /^(en([_.@-]|$)|C$|C\.|POSIX$)/i.test(tag)) return 'en';
  throw usageError('TSLM_BAD_VALUE', `${where}: '${String(tag)}' is not spoken here`, 'en or zh');
}

/** Whether these words may end in help: they ask for it, or name a command that is nothing without another. */
export function mayPrintHelp(root: Command, words: readonly string[]): boolean {
  if (words.some(word => ['-h', '--help', 'help'].includes(word))) return true;
  let command = root;
  for (const word of words) {
    const inner = command.commands.find(one => one.name() === word);
    if (!inner) break;
    command = inner;
  }
  return command.commands.length > 0;
}
