/** Worker threads that make a run's examples: what they are given, and what they answer. */
import type { Dataset } from '../data/rows/dataset.ts';
import type { ObjectiveOptions } from '../objectives/index.ts';
import type { Packing } from '../objectives/objective.ts';
import { WorkerPool } from '../support/worker-pool.ts';
import { startWorker } from '../support/workers.ts';
import { FileChangedError } from '../torch/map-file.ts';
import type { ExampleWorkers } from '../train/examples.ts';
import type { Drawn } from '../train/sampler.ts';
import type { Recipe } from './recipe-schema.ts';
import type { RunParts } from './run-parts.ts';

/** All that decides what becomes of a row, as plain data. */
export interface ExampleWorkerData {
  tokenizer: { json: object; config: object };
  objective: ObjectiveOptions;
  context: number;
  packing: Packing;
  seed: number;
  /** config.json of the model. */
  config: Readonly<Record<string, unknown>>;
  /** Where rows are read; undefined: they come with the request. */
  corpus?: { directory: string; evaluation: Recipe['evaluation'] };
}

export interface ExampleRequest {
  rows: readonly (Drawn & { row?: unknown })[];
  progress: number;
}

/** Examples, or the files of the corpus that were shortened while they were made. */
export type ExampleAnswer = { examples: unknown[] } | { shortened: readonly string[] };

/** Starts threads that make the examples of a run. */
export function exampleWorkers(
  { recipe, source, context, packing, tokenizer, model, data }: Omit<RunParts, 'optimizer'>,
  threads: number,
): ExampleWorkers {
  if (tokenizer === undefined) throw new RangeError('examples are made with a tokenizer');
  const workerData: ExampleWorkerData = {
    tokenizer: { json: tokenizer.toJSON(), config: tokenizer.config },
    objective: recipe.objective,
    context,
    packing,
    seed: recipe.seed,
    config: structuredClone(model.config),
    corpus: source.directory === undefined ? undefined : { directory: source.directory, evaluation: recipe.evaluation },
  };
  const start = () => startWorker(import.meta.url, './example-worker', { workerData });
  const pool = new WorkerPool<ExampleRequest, ExampleAnswer>(threads, start);
  const make = async (request: ExampleRequest): Promise<unknown[]> => {
    const answer = await pool.ask(request);
    if ('shortened' in answer) throw new FileChangedError(answer.shortened);
    return answer.examples;
  };
  return {
    // A request each, since all of them are idle.
    ready: Promise.all(Array.from({ length: threads }, () => make({ rows: [], progress: 0 }))).then(() => {}),
    make: (rows, progress) => make({ rows: workerData.corpus ? rows : withRows(data, rows), progress }),
    close: () => pool.close(),
  };
}

const withRows = ({ row }: Pick<Dataset<unknown>, 'row'>, rows: readonly Drawn[]): ExampleRequest['rows'] =>
  rows.map(({ index, epoch }) => ({ index, epoch, row: row(index, epoch) }));
