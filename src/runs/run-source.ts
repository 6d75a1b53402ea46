/** What a run learns from, as its recipe says: a corpus, or rows in files of their own. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Corpus, openCorpus } from '../data/corpus/corpus.ts';
import { tokenizerHash } from '../data/corpus/tokenizer-hash.ts';
import { type FileRowKind, isFileRowKind } from '../data/rows/columns.ts';
import { corpusDocuments } from '../data/rows/corpus-documents.ts';
import { corpusWindows, evaluationWindows } from '../data/rows/corpus-windows.ts';
import type { Dataset } from '../data/rows/dataset.ts';
import { type ReadRows, readRows } from '../data/rows/read-rows.ts';
import { modelFolder } from '../models/auto.ts';
import { rowKindOf } from '../objectives/index.ts';
import type { AnyObjective, ObjectiveContext } from '../objectives/objective.ts';
import { UserError, usageError } from '../support/errors.ts';
import { createRandom } from '../support/random.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { openAugmentation } from './augmented-source.ts';
import type { Recipe } from './recipe-schema.ts';

/** What is trained on, and what evaluations look at. */
export interface RunRows {
  // biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
  data: Dataset<any>;
  // biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
  heldOut: Dataset<any>;
}

export interface RunSource {
  readonly vocabSize: number;
  readonly eosTokenId: number | null;
  /** What run.json says of it. */
  readonly facts: Readonly<Record<string, string | number>>;
  /** SHA-256 of everything that is read: another one is another run. */
  readonly fingerprint: string;
  /** Files in it are mapped, and must stay whole. */
  readonly directory?: string;
  /** Whether it knows where documents begin. */
  readonly hasBorders: boolean;
  /** What objectives are to know of it. */
  readonly context: Pick<ObjectiveContext, 'documents' | 'endBegins'>;
  /** The documents that are held out: pairs of an evaluation are made of them alone. */
  readonly heldOutDocuments?: ObjectiveContext['documents'];
  tokenizer(): Tokenizer;
  /** Throws a `UserError` when the tokenizer in a folder encodes differently. */
  requireTokenizer(folder: string): void;
  rowsFor(objective: AnyObjective): RunRows;
}

/**
 * @param before where the corpus of a run that goes on was, when the recipe's path, relative to where it was started, leads nowhere
 * @throws UserError when there is nothing there, or something else
 */
export async function openSource(recipe: Recipe, before?: string): Promise<RunSource> {
  const { corpus, train } = recipe.data;
  if (corpus === undefined) return await fileSource(recipe, train!);
  const isHere = existsSync(join(corpus, 'corpus.json'));
  return corpusSource(openCorpus(isHere ? corpus : (before ?? corpus)), recipe);
}

/** Windows and documents of a corpus. */
export function corpusSource(corpus: Corpus, { seed, evaluation }: Pick<Recipe, 'seed' | 'evaluation'>): RunSource {
  const { index, directory } = corpus;
  const [train, held] = [corpus.split('train'), corpus.split(evaluation.split)];
  const tokenizer = corpus.tokenizer();
  const documents = corpusDocuments(train, tokenizer);
  // The index holds the hash of every shard, so this one stands for the whole corpus.
  const fingerprint = sha256(readFileSync(join(directory, 'corpus.json')));
  const hasPrefix = index.prefix_token_ids.length > 0;
  return {
    vocabSize: index.vocab_size,
    eosTokenId: index.eos_token_id,
    facts: {
      corpus: resolve(directory),
      index_sha256: fingerprint,
      tokenizer_sha256: index.tokenizer_sha256,
      tokens: index.splits.train.tokens,
    },
    fingerprint,
    directory,
    hasBorders: index.eos_token_id !== null || hasPrefix,
    context: { documents, endBegins: !hasPrefix && index.eos_token_id !== null },
    heldOutDocuments: corpusDocuments(held, tokenizer),
    tokenizer: () => tokenizer,
    requireTokenizer: folder => corpus.requireTokenizer(folder),
    rowsFor({ name, rows, window, overlap = 0 }) {
      const limit = evaluation.windows;
      if (rows === 'document') return { data: documents, heldOut: corpusDocuments(held, tokenizer, { limit }) };
      if (rows === 'tokens' && window !== undefined) {
        const cut = { length: window, stride: window - overlap };
        return { data: corpusWindows(train, { ...cut, seed }), heldOut: evaluationWindows(held, { ...cut, limit }) };
      }
      throw usageError(
        'TSLM_ROWS',
        `the objective '${name}' learns from rows of the kind '${rows}', which a corpus has not`,
        `give files of rows: data.train=rows.jsonl in place of data.corpus`,
      );
    },
  };
}

/** Rows in files. Those to evaluate on have files too, or are drawn from the others. */
async function fileSource(recipe: Recipe, train: readonly string[]): Promise<RunSource> {
  const { objective, data, model, seed, evaluation } = recipe;
  const kind = rowKindOf(objective);
  if (!isFileRowKind(kind)) {
    throw usageError(
      'TSLM_ROWS',
      `the objective '${objective.name}' learns from rows of the kind '${kind}', which are not read from files`,
      'prepare a corpus, and give its folder: data.corpus',
    );
  }
  const folder = data.tokenizer ?? (model.from === undefined ? undefined : modelFolder(model.from));
  if (folder === undefined) {
    throw usageError('TSLM_BAD_VALUE', 'rows in files need a tokenizer', "data.tokenizer names a tokenizer's folder");
  }
  const tokenizer = Tokenizer.fromFile(folder);
  const options = { columns: data.columns, skipBad: data.skipBad };
  const all = await readRows(kind, train, options);
  const { validation = 0.05 } = data;
  const apart = typeof validation === 'number' ? undefined : await readRows(kind, validation, options);
  const [trained, held] = apart ? [all, apart] : divided(all, validation as number, seed);
  const hash = tokenizerHash(folder);
  const augmentation = data.augment && (await openAugmentation(data.augment, seed));
  const parts = [all.fingerprint, held.fingerprint, hash, ...(augmentation ? [augmentation.fingerprint] : [])];
  const fingerprint = sha256(parts.join('\n'));
  const learnt = augmentation ? augmentation.apply(kind, trained) : trained;
  const limit = evaluation.windows;
  return {
    vocabSize: tokenizer.vocabSize,
    eosTokenId: tokenizer.eosTokenId ?? null,
    facts: {
      rows: train.map(path => resolve(path)).join(', '),
      kind,
      rows_sha256: fingerprint,
      tokenizer_sha256: hash,
      training_rows: trained.length,
      held_out_rows: held.length,
      bad_rows: all.bad + (apart?.bad ?? 0),
    },
    fingerprint,
    hasBorders: false,
    context: {},
    tokenizer: () => tokenizer,
    requireTokenizer(other) {
      if (tokenizerHash(other) === hash) return;
      throw new UserError('TSLM_OTHER_TOKENIZER', `${other}: its tokenizer is not the one in ${folder}`, {
        hint: 'leave data.tokenizer out, and rows are read with that of the model',
      });
    },
    rowsFor: () => ({ data: learnt, heldOut: limit > 0 && held.length > limit ? evenly(held, limit) : held }),
  };
}

type FileRows = Pick<ReadRows<FileRowKind>, 'length' | 'row' | 'fingerprint'>;

const picked = (rows: FileRows, numbers: ArrayLike<number>): FileRows => ({
  length: numbers.length,
  row: index => rows.row(numbers[index]),
  fingerprint: rows.fingerprint,
});

/** Some rows, drawn by the seed, are held out. */
function divided(rows: FileRows, share: number, seed: number): [FileRows, FileRows] {
  const order = createRandom(seed).shuffle(Uint32Array.from({ length: rows.length }, (_, i) => i));
  const count = Math.round(rows.length * share);
  if (count < 1 || count >= rows.length) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `data.validation: ${share} of ${rows.length} rows are ${count}`,
      'give a file of rows to evaluate on, or another share',
    );
  }
  return [picked(rows, order.slice(count).sort()), picked(rows, order.slice(0, count).sort())];
}

const evenly = (rows: FileRows, count: number): FileRows =>
  picked(
    rows,
    Array.from({ length: count }, (_, i) => Math.floor((i * rows.length) / count)),
  );

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
