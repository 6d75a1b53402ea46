/** The worker thread that makes examples: an objective without a model, and rows that it reads or is sent. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openCorpus } from '../data/corpus/corpus.ts';
import { createObjective } from '../objectives/index.ts';
import { randomFor } from '../support/random.ts';
import { answerRequests } from '../support/worker-pool.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { FileChangedError, requireWholeFiles } from '../torch/map-file.ts';
import type { ExampleAnswer, ExampleRequest, ExampleWorkerData } from './example-workers.ts';
import { corpusSource } from './run-source.ts';

const { tokenizer: contents, objective: options, corpus, seed, ...context } = workerData as ExampleWorkerData;
const tokenizer = Tokenizer.fromJSON(contents.json, 'tokenizer.json', contents.config, { onWarning: () => {} });
const source = corpus && corpusSource(openCorpus(corpus.directory), { seed, evaluation: corpus.evaluation });
const objective = createObjective(options, { ...context, tokenizer, seed, ...source?.context });
const data = source?.rowsFor(objective).data;

answerRequests<ExampleRequest, ExampleAnswer>(parentPort as MessagePort, ({ rows, progress }) => {
  const examples = rows.map(({ index, epoch, row = data?.row(index, epoch) }) =>
    ownBytes(objective.example(row, randomFor(seed, epoch, index), progress)),
  );
  try {
    requireWholeFiles(corpus?.directory);
  } catch (error) {
    if (error instanceof FileChangedError) return { result: { shortened: error.files } };
    throw error;
  }
  return { result: { examples } };
});

/** A window is a view of a mapped file, all of which would be sent along with it. */
function ownBytes(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    const array = value as Uint8Array;
    return array.byteLength === array.buffer.byteLength ? array : array.slice();
  }
  if (Array.isArray(value)) return typeof value[0] === 'object' ? value.map(ownBytes) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, ownBytes(inner)]));
}
