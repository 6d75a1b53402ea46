/**
 * Thousands of damaged checkpoints: each either loads, or is refused by one error for its user that names a file of the
 * folder. Nothing crashes, hangs, or takes memory that the files do not account for. `TSLM_LONG=1` tries many more.
 */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/models/auto.ts';
import { openCheckpoint } from '../../src/models/checkpoint/files.ts';
import { UserError } from '../../src/support/errors.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import {
  loadSafetensors,
  memoryStats,
  resetPeakMemory,
  saveSharded,
  scope,
  type Tensor,
} from '../../src/torch/index.ts';
import { mutateBytes, mutateHeader, mutateJson, pick } from '../helpers/mutations.ts';
import { sharedFiles } from '../helpers/shared.ts';
import { scratchFolder } from '../support/scratch.ts';
import { bin, py } from '../torch/pytorch-bin/writer.ts';

const tries = process.env.TSLM_LONG ? 120 : 40;
const scratch = scratchFolder();
const golden = 'test/fixtures/hf/gpt2/lm';

/** Two models' worth of memory: what any of these checkpoints may take. */
const MAX_BYTES = 64_000_000;

/** A folder of the golden model with its weights as `write` stores them. */
function stored(name: string, write: (folder: string, tensors: Map<string, Tensor>) => void): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  copyFileSync(join(golden, 'config.json'), join(folder, 'config.json'));
  scope(() => write(folder, loadSafetensors(join(golden, 'model.safetensors'))));
  return folder;
}

function pickled(tensors: Map<string, Tensor>): Buffer {
  const names = [...tensors.keys()];
  const strides = (shape: readonly number[]) => shape.map((_, dim) => shape.slice(dim + 1).reduce((a, b) => a * b, 1));
  const object = names.map((name, i) => {
    const { shape, numel } = tensors.get(name)!;
    return [name, py.tensor(py.storage('FloatStorage', String(i), numel), shape, strides(shape))] as const;
  });
  const storages = names.map((name, i) => [i, Buffer.from(tensors.get(name)!.toTypedArray().buffer as ArrayBuffer)]);
  return bin(py.dict(Object.fromEntries(object)), Object.fromEntries(storages));
}

const single = stored('single', folder => cpSync(join(golden, 'model.safetensors'), join(folder, 'model.safetensors')));
const shards = stored('shards', (folder, tensors) => saveSharded(folder, tensors, { maxShardSize: 30_000 }));
const pickle = stored('pickle', (folder, tensors) =>
  writeFileSync(join(folder, 'pytorch_model.bin'), pickled(tensors)),
);
const pickleShards = stored('pickle-shards', (folder, tensors) => {
  const all = [...tensors];
  const half = (i: number): Map<string, Tensor> => new Map(all.filter((_, j) => j % 2 === i));
  const map = all.map(([name], j) => [name, `pytorch_model-0000${(j % 2) + 1}-of-00002.bin`]);
  writeFileSync(join(folder, 'pytorch_model.bin.index.json'), JSON.stringify({ weight_map: Object.fromEntries(map) }));
  for (const i of [0, 1]) writeFileSync(join(folder, `pytorch_model-0000${i + 1}-of-00002.bin`), pickled(half(i)));
});

interface Outcome {
  loaded: number;
  refused: Map<string, number>;
}

/**
 * Damages one file of a folder many times over.
 *
 * @returns how often the folder loaded all the same, and which errors refused it
 */
function damage(
  source: string,
  seed: number,
  mutate: (bytes: Buffer, random: Random) => { bytes: Buffer; what: string },
  { files = /./, times = tries, load = (folder: string): void => loadModel(folder).model.dispose() } = {},
): Outcome {
  const outcome: Outcome = { loaded: 0, refused: new Map() };
  const names = readdirSync(source).filter(name => files.test(name));
  for (let i = 0; i < times; i++) {
    const random = createRandom(seed * 1_000_000 + i);
    const name = pick(random, names);
    const { bytes, what } = mutate(readFileSync(join(source, name)), random);
    const folder = join(scratch, 'damaged');
    mkdirSync(folder); // a new one each time: what is mapped must not change
    for (const other of readdirSync(source)) if (other !== name) copyFileSync(join(source, other), join(folder, other));
    writeFileSync(join(folder, name), bytes);
    const context = `seed ${seed}, try ${i}: ${name}, ${what}`;
    resetPeakMemory();
    const { liveBytes } = memoryStats();
    try {
      scope(() => load(folder));
      outcome.loaded++;
    } catch (error) {
      if (!(error instanceof UserError)) throw new Error(`${context}: ${error}`, { cause: error });
      expect(error.message, context).toContain(folder);
      outcome.refused.set(error.code, (outcome.refused.get(error.code) ?? 0) + 1);
    }
    expect(memoryStats().peakBytes - liveBytes, context).toBeLessThan(MAX_BYTES);
    rmSync(folder, { recursive: true });
  }
  return outcome;
}

/** Reads every tensor that can be read. */
function readAll(folder: string): void {
  const { keys, tensor } = openCheckpoint(folder);
  for (const key of keys) tensor(key).toTypedArray();
}

const asJson = (bytes: Buffer, random: Random) => {
  const { text, what } = mutateJson(bytes.toString(), random);
  return { bytes: Buffer.from(text), what };
};

const total = ({ refused }: Outcome): number => [...refused.values()].reduce((a, b) => a + b, 0);

describe('damaged bytes', () => {
  const weights = /\.(safetensors|bin)$/;
  it.each([
    ['one safetensors file', single, 1],
    ['safetensors in shards', shards, 2],
    ['one pickle', pickle, 3],
    ['pickles in shards', pickleShards, 4],
  ])('%s', { timeout: 600_000 }, (_, folder, seed) => {
    const outcome = damage(folder, seed, mutateBytes, { files: weights });
    expect(total(outcome)).toBeGreaterThan(tries / 10);
    expect(outcome.loaded).toBeGreaterThan(tries / 20);
  });

  it.each(['zip', 'legacy'])('what PyTorch wrote as %s', { timeout: 600_000 }, format => {
    const folder = join(scratch, format);
    mkdirSync(folder);
    copyFileSync(`test/fixtures/pytorch-bin/tensors-${format}.bin`, join(folder, 'pytorch_model.bin'));
    const outcome = damage(folder, 5, mutateBytes, { load: readAll });
    expect(total(outcome)).toBeGreaterThan(tries / 4);
    expect([...outcome.refused.keys()]).toContain('TSLM_PICKLED_CODE');
  });
});

describe('JSON that says something else', () => {
  it.each([
    ['the header of safetensors', single, mutateHeader, /\.safetensors$/, 'TSLM_BAD_SAFETENSORS'],
    ['the index of safetensors', shards, asJson, /index/, 'TSLM_BAD_INDEX'],
    ['the index of pickles', pickleShards, asJson, /index/, 'TSLM_BAD_INDEX'],
    ['config.json', single, asJson, /config/, 'TSLM_BAD_VALUE'],
  ])('%s', { timeout: 600_000 }, (_, folder, mutate, files, code) => {
    const outcome = damage(folder, 6, mutate, { files });
    expect([...outcome.refused.keys()]).toContain(code);
    expect(outcome.loaded).toBeGreaterThan(0);
  });
});

const variants = sharedFiles('fixtures/hf/*/*/config.json').map(dirname);

it.each(variants)('config.json of %s', { timeout: 600_000 }, variant => {
  const folder = join(scratch, `${basename(dirname(variant))}-${basename(variant)}`);
  mkdirSync(folder);
  for (const name of readdirSync(variant).filter(file => /^(config\.json|model.*)$/.test(file))) {
    copyFileSync(join(variant, name), join(folder, name));
  }
  const outcome = damage(folder, 7, asJson, { files: /^config/, times: tries / 4 });
  expect(outcome.refused.size).toBeGreaterThan(0);
});
