/** What a run learns from, as its recipe says: a corpus, or rows in files of their own. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Corpus, openCorpus } from '../data/corpus/corpus.ts';
import { tokenizerHash } from '../data/corpus/tokenizer-hash.ts';
import { isFileRowKind } from '../data/rows/columns.ts';
import { corpusDocuments } from '../data/rows/corpus-documents.ts';
import { corpusWindows, evaluationWindows } from '../data/rows/corpus-windows.ts';
import type { Dataset } from '../data/rows/dataset.ts';
import { readImageRows } from '../data/rows/read-image-rows.ts';
import { readRows } from '../data/rows/read-rows.ts';
import { modelFolder } from '../models/auto.ts';
import type { ImageProcessor } from '../models/image-processor/config.ts';
import { rowKindOf } from '../objectives/index.ts';
import type { AnyObjective, ObjectiveContext } from '../objectives/objective.ts';
import { UserError, usageError } from '../support/errors.ts';
import { withChatTemplate } from '../tokenizers/chat/give-template.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { openAugmentation } from './augmented-source.ts';
import { imageReading, recipeImageProcessor } from './image-rows.ts';
import { divided, evenly, type FileRows, picked, readMixture, weighted } from './mixture.ts';
import { modelConfigFor } from './model-config.ts';
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
  /** What a person is to know of the rows. */
  readonly notes: readonly string[];
  /** What objectives are to know of it. */
  readonly context: Pick<ObjectiveContext, 'documents' | 'endBegins' | 'imageProcessor'>;
  /** The documents that are held out: pairs of an evaluation are made of them alone. */
  readonly heldOutDocuments?: ObjectiveContext['documents'];
  /** How images become what the model reads, where it reads such. */
  readonly imageProcessor?: ImageProcessor;
  /** Undefined where a model reads and writes no text. */
  tokenizer(): Tokenizer | undefined;
  /** Throws a `UserError` when the tokenizer in a folder encodes differently. */
  requireTokenizer(folder: string): void;
  rowsFor(objective: AnyObjective): RunRows;
  /** All rows of files: those that are trained on, and those that are held out. */
  rowsOf?(): [training: FileRows, heldOut: FileRows];
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
    notes: [],
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
async function fileSource(recipe: Recipe, train: NonNullable<Recipe['data']['train']>): Promise<RunSource> {
  const { objective, data, seed, evaluation } = recipe;
  const kind = rowKindOf(objective);
  if (!isFileRowKind(kind)) {
    throw usageError(
      'TSLM_ROWS',
      `the objective '${objective.name}' learns from rows of the kind '${kind}', which are not read from files`,
      'prepare a corpus, and give its folder: data.corpus',
    );
  }
  const folder = tokenizerFolder(recipe);
  const own = folder === undefined ? undefined : Tokenizer.fromFile(folder);
  const tokenizer = own && data.chatTemplate !== undefined ? withChatTemplate(own, data.chatTemplate) : own;
  const vocabulary = { vocabSize: tokenizer?.vocabSize ?? 0, eosTokenId: tokenizer?.eosTokenId ?? null };
  const options = { columns: data.columns, skipBad: data.skipBad };
  const config = kind === 'image' ? modelConfigFor(recipe, vocabulary) : {};
  const imageProcessor = kind === 'image' ? recipeImageProcessor(recipe, config) : undefined;
  const read = async (paths: readonly string[]): Promise<FileRows> =>
    kind === 'image'
      ? await readImageRows(paths, { ...options, ...imageReading(objective, config, imageProcessor!) })
      : await readRows(kind, paths, options);
  const sources = train.map(one => (typeof one === 'string' ? { path: one, weight: 1 } : one));
  const all = await readMixture(sources, read);
  const { validation = 0.05 } = data;
  const apart = typeof validation === 'number' ? undefined : await read(validation);
  const numbers = Uint32Array.from({ length: all.rows.length }, (_, i) => i);
  const [shown, kept] = apart ? [numbers, undefined] : divided(numbers, validation as number, seed);
  const trained = picked(all.rows, weighted(shown, all.weightOf, seed));
  const held = apart ?? picked(all.rows, kept!);
  const hash = folder === undefined ? undefined : tokenizerHash(folder);
  const augmentation = data.augment && (await openAugmentation(data.augment, seed));
  const learnt = augmentation ? augmentation.apply(kind, trained) : trained;
  const identity = [
    all.rows.fingerprint,
    held.fingerprint,
    hash,
    imageProcessor && JSON.stringify(imageProcessor.json),
    data.chatTemplate === undefined ? undefined : JSON.stringify(tokenizer!.config.chat_template),
    augmentation?.fingerprint,
    sources.every(({ weight }) => weight === 1) ? undefined : String(sources.map(({ weight }) => weight)),
  ];
  const fingerprint = sha256(identity.filter(one => one !== undefined).join('\n'));
  const limit = evaluation.windows;
  return {
    ...vocabulary,
    facts: {
      rows: sources.map(({ path }) => resolve(path)).join(', '),
      kind,
      rows_sha256: fingerprint,
      ...(hash !== undefined && { tokenizer_sha256: hash }),
      training_rows: trained.length,
      held_out_rows: held.length,
      bad_rows: all.bad + (apart?.bad ?? 0),
    },
    fingerprint,
    notes: [...all.found, ...(apart?.found ?? [])].map(
      ({ path, shape, rows }) => `${path}: ${rows} ${rows === 1 ? 'row' : 'rows'} of ${shape}`,
    ),
    hasBorders: false,
    context: { imageProcessor },
    imageProcessor,
    tokenizer: () => tokenizer,
    requireTokenizer(other) {
      if (hash === undefined || tokenizerHash(other) === hash) return;
      throw new UserError('TSLM_OTHER_TOKENIZER', `${other}: its tokenizer is not the one in ${folder}`, {
        hint: 'leave data.tokenizer out, and rows are read with that of the model',
      });
    },
    rowsOf: () => [trained, held],
    rowsFor: () => ({ data: learnt, heldOut: limit > 0 && held.length > limit ? evenly(held, limit) : held }),
  };
}

/** What a model that writes or reads text is told it by; undefined for one that does neither. */
function tokenizerFolder({ objective, data, model }: Recipe): string | undefined {
  if (objective.name === 'image-classification') {
    if (data.tokenizer === undefined) return undefined;
    throw usageError('TSLM_CONTRADICTION', "'data.tokenizer': labels of images need no tokenizer", 'leave it out');
  }
  const folder = data.tokenizer ?? (model.from === undefined ? undefined : modelFolder(model.from));
  if (folder !== undefined) return folder;
  throw usageError('TSLM_BAD_VALUE', 'rows in files need a tokenizer', "data.tokenizer names a tokenizer's folder");
}

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
