/** Rewards that recipes name: of an answer and its row a number from 0 to 1. */
import { z } from 'zod';
import type { BuiltInReward, Reward } from '../../objectives/reward-options.ts';
import { unitTestReward } from './unit-tests.ts';

/** A number as it is written: with a sign, commas between thousands, a fraction, an exponent. */
const NUMBER = /[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?/gi;

/** The last number in a text. */
export function lastNumber(text: string): number | undefined {
  const found = text.match(NUMBER)?.at(-1);
  return found === undefined ? undefined : Number(found.replaceAll(',', ''));
}

/** Those whose answer is found in this process: all but reward models. */
export function builtInReward(options: Exclude<BuiltInReward, { reward: 'model' }>): Reward {
  switch (options.reward) {
    case 'exact':
      return (_, completion, row) => {
        const said = answerAfter(completion, options.after);
        return said !== undefined && said.trim() === String(row[options.column]).trim() ? 1 : 0;
      };
    case 'numeric':
      return (_, completion, row) => {
        const [said, wanted] = [lastNumber(completion), lastNumber(String(row[options.column]))];
        return said !== undefined && wanted !== undefined && Math.abs(said - wanted) <= options.tolerance ? 1 : 0;
      };
    case 'expression': {
      const expression = new RegExp(options.pattern, 'u');
      return (_, completion) => (expression.test(completion) ? 1 : 0);
    }
    case 'length':
      return (_, completion) => Math.min(1, Math.max(0, 2 - [...completion].length / options.most));
    case 'tests':
      return unitTestReward(options);
    case 'schema': {
      const schema = z.fromJSONSchema(options.schema);
      return (_, completion) => (schema.safeParse(parsed(completion)).success ? 1 : 0);
    }
  }
}

/** What follows the last occurrence of `mark`; undefined where there is none. */
function answerAfter(completion: string, mark: string | undefined): string | undefined {
  if (mark === undefined) return completion;
  const at = completion.lastIndexOf(mark);
  return at < 0 ? undefined : completion.slice(at + mark.length);
}

/** Undefined for what is no JSON, which no schema allows. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
