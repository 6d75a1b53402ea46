/** What is recorded of evaluations: metrics, statistics, parts of the harness, pairs of texts as tokens, task files that are to be refused. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, UserError } from '../../../support/errors.ts';
import { readJson } from '../../../support/files.ts';
import { evaluateTasks } from '../../harness/evaluate-tasks.ts';
import { openTaskLibrary } from '../../harness/task-library.ts';
import type { EvaluatedModel } from '../../models/evaluated-model.ts';
import { openEvaluatedModel } from '../../models/open-model.ts';
import { type Check, compareExactly, compareNumbers } from '../compare.ts';
import { isComparison, verifyComparisons } from './comparisons.ts';
import { harnessPartOf } from './harness-parts.ts';
import { isMetrics, verifyMetrics } from './metrics.ts';
import { isEvaluationRun, verifyEvaluationRun } from './runs.ts';
import { isSearch, verifySearch } from './search.ts';
import { isStatistics, verifyStatistics } from './statistics.ts';

// biome-ignore lint/suspicious/noExplicitAny: a recording is read as it is
type Recorded = any;

/** What verifies a file or folder of recorded evaluations; undefined where it is another kind of recording. */
export function evaluationAt(path: string): (() => AsyncGenerator<Check>) | undefined {
  if (isEvaluationRun(path)) return () => verifyEvaluationRun(path);
  if (!existsSync(path) || !statSync(path).isFile() || !path.endsWith('.json')) return undefined;
  const json: Recorded = readJson(path);
  if (isMetrics(json)) return () => inTurn(verifyMetrics(json));
  if (isStatistics(json)) return () => inTurn(verifyStatistics(json));
  if (isSearch(json)) return () => inTurn(verifySearch(json));
  if (isComparison(json)) return () => inTurn(verifyComparisons(json, path));
  const part = harnessPartOf(json);
  if (part) return () => inTurn(part());
  if (Array.isArray(json) && json[0]?.pairs && json[0]?.prefix_token_id !== undefined) return () => pairs(json, path);
  const isRefusal =
    basename(path) === 'expect.json' && Object.values(json).every((one: Recorded) => one?.lm_eval !== undefined);
  return isRefusal ? () => refusals(Object.keys(json), dirname(path)) : undefined;
}

async function* inTurn(checks: Iterable<Check>): AsyncGenerator<Check> {
  yield* checks;
}

const LOG_PROBS = { atol: 1e-3, rtol: 1e-5 };

async function* pairs(models: readonly Recorded[], path: string): AsyncGenerator<Check> {
  for (const { model: name, pairs: cases, rolling } of models) {
    using model = openEvaluatedModel(join(dirname(dirname(path)), 'models', name));
    for (const { context, continuation, continuation_tokens, loglikelihood, is_greedy, error } of cases) {
      const found = { section: name, name: JSON.stringify([context, continuation]) };
      try {
        const [own] = await model.loglikelihood([{ context, continuation }]);
        if (error !== undefined) yield { ...found, quantity: 'refused', pass: false, note: 'it was accepted' };
        else {
          yield { ...found, quantity: 'log-likelihood', ...compareNumbers([own.logProb], [loglikelihood], LOG_PROBS) };
          yield {
            ...found,
            quantity: 'tokens, greedy',
            ...compareExactly([own.tokens, own.isGreedy], [continuation_tokens.length, is_greedy]),
          };
        }
      } catch (thrown) {
        yield {
          ...found,
          quantity: 'refused',
          pass: error !== undefined && thrown instanceof UserError,
          note: messageOf(thrown),
        };
      }
    }
    const own = await model.loglikelihoodRolling(rolling.map(({ text }: Recorded) => text));
    for (const [i, { text, tokens, loglikelihood }] of rolling.entries()) {
      const found = { section: name, name: JSON.stringify(text.slice(0, 40)) };
      yield { ...found, quantity: 'rolling', ...compareNumbers([own[i].logProb], [loglikelihood], LOG_PROBS) };
      yield { ...found, quantity: 'tokens', ...compareExactly(own[i].tokens, tokens) };
    }
  }
}

/** Task files with mistakes: each is an error of one line, before a model has answered anything. */
async function* refusals(files: readonly string[], folder: string): AsyncGenerator<Check> {
  for (const file of files) {
    const path = join(folder, file);
    try {
      await evaluateTasks(emptyModel, openTaskLibrary([path]).select([path]), { limit: 2, replicates: 0 });
      yield { section: 'refuse', name: file, quantity: 'refused', pass: false, note: 'it was accepted' };
    } catch (error) {
      yield {
        section: 'refuse',
        name: file,
        quantity: 'refused',
        pass: error instanceof UserError,
        note: messageOf(error),
      };
    }
  }
}

/** Answers nothing of interest. */
const emptyModel: EvaluatedModel = {
  name: 'none',
  scoring: 'none',
  loglikelihood: async requests => requests.map(() => ({ logProb: -1, isGreedy: false, tokens: 1 })),
  loglikelihoodRolling: async texts => texts.map(() => ({ logProb: -1, tokens: 1, bytes: 1 })),
  generateUntil: async requests => requests.map(() => ''),
  [Symbol.dispose]() {},
};
