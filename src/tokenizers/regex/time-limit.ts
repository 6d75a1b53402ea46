/**
 * A regular expression of a tokenizer file may backtrack longer than anybody waits, on purpose or by mistake. V8 ends
 * scripts that run too long, and the matching of an expression within them, so that foreign expressions run as scripts.
 */
import { Script } from 'node:vm';
import { isErrno, UserError } from '../../support/errors.ts';
import { scannerFor } from '../byte-bpe/scanners.ts';

/** How long the expressions of a tokenizer may take for one text. */
export const regexLimit = { milliseconds: 5000, millisecondsPerCharacter: 0.02 };

const NAME = Symbol.for('tslm.timeLimited');
const script = new Script("globalThis[Symbol.for('tslm.timeLimited')]()");

/**
 * Runs `run`, which must leave nothing half done when it is ended.
 *
 * @param characters of the text that it works on
 * @throws UserError when it takes too long
 */
export function withTimeLimit<Result>(characters: number, where: string, run: () => Result): Result {
  const shared = globalThis as { [NAME]?: () => unknown };
  const outer = shared[NAME];
  shared[NAME] = run;
  try {
    const timeout = Math.ceil(regexLimit.milliseconds + characters * regexLimit.millisecondsPerCharacter);
    return script.runInThisContext({ timeout }) as Result;
  } catch (error) {
    if (!isErrno(error, 'ERR_SCRIPT_EXECUTION_TIMEOUT')) throw error;
    throw new UserError('TSLM_SLOW_PATTERN', `${where}: a regular expression takes too long for a text`, {
      hint: 'rewrite the pattern so that it cannot match the same text in many ways',
    });
  } finally {
    shared[NAME] = outer;
  }
}

/** One quantifier at the very end cannot backtrack into anything. */
const HARMLESS = /^[^*+?{}()|]*(?:[*+]|\{\d*,?\d*\})?$/;

/** Whether a part of tokenizer.json has an expression that is neither well known nor plainly harmless. */
export function hasForeignRegex(config: unknown): boolean {
  if (typeof config !== 'object' || config === null) return false;
  if ('Regex' in config && typeof config.Regex === 'string') {
    return !HARMLESS.test(config.Regex) && scannerFor(config.Regex) === undefined;
  }
  return Object.values(config).some(hasForeignRegex);
}
