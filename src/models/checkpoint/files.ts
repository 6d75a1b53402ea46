/**
 * The weights in a model folder, under the names and in the order in which Hugging Face Transformers looks for them:
 * safetensors before PyTorch's pickles, one file before shards under an index. Files are memory-mapped when a tensor of
 * theirs is first asked for, so that opening costs nothing and tensors need no second copy.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namingFile, UserError } from '../../support/errors.ts';
import {
  type DType,
  entryOf,
  openPytorchBin,
  openSafetensors,
  readableDtype,
  type Tensor,
  type TensorFile,
} from '../../torch/index.ts';
import { readIndex } from './index-file.ts';

/** `model.safetensors`, or `pytorch_model.bin`. */
export type CheckpointFormat = 'safetensors' | 'pytorch';

/** Tensors by key, wherever they lie. */
export interface Checkpoint {
  format: CheckpointFormat;
  keys: string[];
  /** The tensor; it uses the mapped file where it can. @throws UserError when there is none, or it cannot be read */
  tensor(key: string): Tensor;
  /** Shape and element type of what `tensor` would give, without touching its data. */
  entry(key: string): { shape: readonly number[]; dtype: DType };
  /** The file a key is in, for messages; for a key that is in none, the file that should have named it. */
  file(key: string): string;
}

const formats: [format: CheckpointFormat, single: string, index: string, open: (path: string) => TensorFile][] = [
  ['safetensors', 'model.safetensors', 'model.safetensors.index.json', openSafetensors],
  ['pytorch', 'pytorch_model.bin', 'pytorch_model.bin.index.json', openPytorchBin],
];

/** @throws UserError when the folder holds no weights, a file of theirs is malformed, or a shard is missing */
export function openCheckpoint(folder: string): Checkpoint {
  for (const [format, single, index, open] of formats) {
    const openFile = (path: string): TensorFile => {
      refusePointer(path);
      return open(path);
    };
    if (existsSync(join(folder, single))) return singleFile(format, openFile(join(folder, single)));
    if (existsSync(join(folder, index))) return sharded(format, folder, join(folder, index), openFile);
  }
  throw new UserError('TSLM_NO_WEIGHTS', `${folder}: there is no model.safetensors`, {
    hint: 'give the folder of a model: config.json and model.safetensors (shards and pytorch_model.bin do as well)',
  });
}

function singleFile(format: CheckpointFormat, file: TensorFile): Checkpoint {
  return {
    format,
    keys: [...file.entries.keys()],
    tensor: key => file.tensor(key),
    entry: key => entryIn(file, key),
    file: () => file.path,
  };
}

function sharded(
  format: CheckpointFormat,
  folder: string,
  indexPath: string,
  open: (path: string) => TensorFile,
): Checkpoint {
  const shardOf = readIndex(indexPath, format === 'safetensors' ? '.safetensors' : '.bin');
  const shards = new Map<string, TensorFile>();
  const fileOf = (key: string): TensorFile => {
    const name = shardOf.get(key);
    if (name === undefined) {
      throw new UserError('TSLM_NO_TENSOR', `${indexPath}: there is no tensor '${key}'`, {
        hint: 'the checkpoint is incomplete, or of another architecture than config.json says',
      });
    }
    const shard = shards.get(name) ?? checkShard(open(join(folder, name)), name, shardOf, indexPath);
    shards.set(name, shard);
    return shard;
  };
  return {
    format,
    keys: [...shardOf.keys()],
    tensor: key => fileOf(key).tensor(key),
    entry: key => entryIn(fileOf(key), key),
    file: key => (shardOf.has(key) ? join(folder, shardOf.get(key)!) : indexPath),
  };
}

function entryIn(file: TensorFile, key: string): { shape: readonly number[]; dtype: DType } {
  const entry = entryOf(file, key);
  return { shape: entry.shape, dtype: readableDtype(file.path, key, entry) };
}

/** A shard holds exactly what the index says: anything else would be left out, or be there twice, in silence. */
function checkShard(
  file: TensorFile,
  name: string,
  shardOf: ReadonlyMap<string, string>,
  indexPath: string,
): TensorFile {
  const fail = (what: string): UserError =>
    new UserError('TSLM_BAD_INDEX', `${file.path}: ${what} (${indexPath})`, {
      hint: 'the shards and the index belong to different checkpoints: fetch or save them again',
    });
  for (const [key, shard] of shardOf) {
    if (shard === name && !file.entries.has(key)) throw fail(`tensor '${key}' is missing, which the index places here`);
  }
  for (const key of file.entries.keys()) {
    const shard = shardOf.get(key);
    if (shard === undefined) throw fail(`tensor '${key}' is not in the index`);
    if (shard !== name) throw fail(`tensor '${key}' is here, the index places it in ${shard}`);
  }
  return file;
}

/** A clone without Git LFS has a few lines of text in the place of large files. */
function refusePointer(path: string): void {
  const status = namingFile(path, () => statSync(path));
  if (!status.isFile() || status.size > 1024) return;
  if (!namingFile(path, () => readFileSync(path, 'latin1')).startsWith(POINTER)) return;
  throw new UserError('TSLM_LFS_POINTER', `${path}: only a pointer of Git LFS, the weights were not fetched`, {
    hint: 'run `git lfs pull` in the folder of the model',
  });
}

const POINTER = 'version https://git-lfs';
