/** The thread that compiles constraints. */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../support/errors.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { buffersOf, type Program } from './grammar/program.ts';
import { type ConstraintSource, compileSource } from './source.ts';
import { vocabularyDataOf } from './vocabulary/vocabulary.ts';
import { type VocabularyData, vocabularyFrom } from './vocabulary/vocabulary-data.ts';

export type CompilerQuestion = { kind: 'vocabulary' } | { kind: 'compile'; source: ConstraintSource };
export type CompilerAnswer =
  | { kind: 'ready' }
  | { kind: 'result'; result: Program | VocabularyData }
  | { kind: 'error'; code: string; message: string; hint?: string; exitCode?: 1 | 2 };

const port = parentPort!;
let known: VocabularyData | undefined;
const vocabulary = (): VocabularyData => {
  known ??= vocabularyDataOf(Tokenizer.fromFile((workerData as { folder: string }).folder));
  return known;
};

port.on('message', (question: CompilerQuestion) => {
  try {
    if (question.kind === 'vocabulary') {
      port.postMessage({ kind: 'result', result: vocabulary() } satisfies CompilerAnswer);
      return;
    }
    const program = compileSource(question.source, vocabularyFrom(vocabulary(), []).isUsable);
    // What formats and patterns share between programs stays here: each program goes as a copy.
    const result = structuredClone(program);
    port.postMessage({ kind: 'result', result } satisfies CompilerAnswer, buffersOf(result));
  } catch (error) {
    const { message, code, hint, exitCode } =
      error instanceof UserError
        ? error
        : new UserError('TSLM_INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
    port.postMessage({ kind: 'error', code, message, hint, exitCode } satisfies CompilerAnswer);
  }
});
port.postMessage({ kind: 'ready' } satisfies CompilerAnswer);
