import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSafetensors, saveSharded, type Tensor, tensor, zeros } from '../../../src/torch/index.ts';
import { itShared } from '../../helpers/shared.ts';
import { scratchFolder } from '../../support/scratch.ts';

const scratch = scratchFolder();
let folders = 0;
const newFolder = (): string => {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  return folder;
};
const INDEX = 'model.safetensors.index.json';
const indexOf = (folder: string) => JSON.parse(readFileSync(join(folder, INDEX), 'utf8'));
const filesOf = (folder: string): string[] => readdirSync(folder).sort();
const shard = (i: number, n: number): string => `model-0000${i}-of-0000${n}.safetensors`;
/** Tensors of so many bytes. */
const sized = (sizes: Record<string, number>): [string, Tensor][] =>
  Object.entries(sizes).map(([name, bytes], i) => [name, zeros([bytes / 4]).fill_(i)]);

/** Which tensors each shard of an index holds. */
const layout = (folder: string): string[][] => {
  const { weight_map: map } = indexOf(folder);
  const shards: Record<string, string[]> = {};
  for (const [name, file] of Object.entries<string>(map)) shards[file] = [...(shards[file] ?? []), name];
  for (const [file, names] of Object.entries(shards)) {
    expect([...loadSafetensors(join(folder, file)).keys()].sort()).toEqual(names.sort());
  }
  return Object.keys(shards)
    .sort()
    .map(file => shards[file]);
};

describe('how tensors are divided', () => {
  it('fills shards in order; one that is too large gets its own, in front of the shard being filled', () => {
    const folder = newFolder();
    saveSharded(folder, sized({ a: 40, b: 40, c: 200, d: 20, e: 4, f: 100 }), { maxShardSize: 100 });
    expect(layout(folder)).toEqual([['c'], ['a', 'b', 'd'], ['e'], ['f']]);
    expect(indexOf(folder).metadata).toEqual({ total_parameters: 101, total_size: 404 });
  });

  it('writes one file, and no index, when everything fits', () => {
    const folder = newFolder();
    saveSharded(folder, sized({ a: 40, b: 60 }), { maxShardSize: 100 });
    expect(filesOf(folder)).toEqual(['model.safetensors']);
    expect([...loadSafetensors(join(folder, 'model.safetensors')).keys()]).toEqual(['a', 'b']);
  });

  it('writes an empty file for nothing', () => {
    const folder = newFolder();
    saveSharded(folder, []);
    expect(loadSafetensors(join(folder, 'model.safetensors')).size).toBe(0);
  });

  it('refuses two tensors under one name, in whichever shard', () => {
    const folder = newFolder();
    const twice = [...sized({ a: 40, b: 80 }), ...sized({ a: 40 })];
    expect(() => saveSharded(folder, twice, { maxShardSize: 100 })).toThrow(/two tensors/);
    expect(filesOf(folder)).toEqual([]);
  });
});

itShared('fixtures/hf/llama/bf16_sharded', 'gives the files that Transformers wrote, byte for byte', recorded => {
  const stored = new Map(
    filesOf(recorded)
      .filter(name => /-of-/.test(name))
      .flatMap(name => [...loadSafetensors(join(recorded, name))]),
  );
  const linear = (layer: string, names: string[]) => names.map(name => `model.layers.${layer}.${name}.weight`);
  const order = [
    'model.embed_tokens.weight',
    ...['0', '1'].flatMap(layer => [
      ...linear(layer, ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj']),
      ...linear(layer, [
        'mlp.gate_proj',
        'mlp.up_proj',
        'mlp.down_proj',
        'input_layernorm',
        'post_attention_layernorm',
      ]),
    ]),
    'model.norm.weight',
    'lm_head.weight',
  ];
  const folder = newFolder();
  saveSharded(
    folder,
    order.map(name => [name, stored.get(name)!]),
    { maxShardSize: 20_000 },
  );
  expect(filesOf(folder)).toEqual(filesOf(recorded).filter(name => name.startsWith('model')));
  for (const name of filesOf(folder)) {
    expect(readFileSync(join(folder, name)).equals(readFileSync(join(recorded, name))), name).toBe(true);
  }
});

describe('what was there before', () => {
  const other = [
    'config.json',
    'model-1-of-2.safetensors',
    'model-00001-of-00002.safetensors.bak',
    'other.safetensors',
  ];

  it('goes: more shards, fewer shards, one file', () => {
    const folder = newFolder();
    for (const name of other) writeFileSync(join(folder, name), name);
    const steps: [number, string[]][] = [
      [100, [shard(1, 2), shard(2, 2), INDEX]],
      [50, [shard(1, 4), shard(2, 4), shard(3, 4), shard(4, 4), INDEX]],
      [1000, ['model.safetensors']],
      [100, [shard(1, 2), shard(2, 2), INDEX]],
    ];
    for (const [maxShardSize, expected] of steps) {
      saveSharded(folder, sized({ a: 40, b: 40, c: 40, d: 40 }), { maxShardSize });
      expect(filesOf(folder)).toEqual([...expected, ...other].sort());
    }
    for (const name of other) expect(readFileSync(join(folder, name), 'utf8')).toBe(name);
  });

  it('stays as it was when saving fails', () => {
    const folder = newFolder();
    const save = (tensors: [string, Tensor][]) => saveSharded(folder, tensors, { maxShardSize: 50 });
    save(sized({ a: 40, b: 40 }));
    const before = filesOf(folder).map(name => [name, readFileSync(join(folder, name))]);
    const broken = tensor([1]);
    const failing = Object.assign(zeros([10]), { detach: () => broken.dispose() });
    expect(() => save([...sized({ a: 40 }), ['b', failing]])).toThrow();
    expect(filesOf(folder).map(name => [name, readFileSync(join(folder, name))])).toEqual(before);
  });

  it('may be what the tensors lie in', () => {
    const folder = newFolder();
    saveSharded(folder, sized({ a: 40, b: 40, c: 40 }), { maxShardSize: 50 });
    const loaded = [1, 2, 3].flatMap(i => [...loadSafetensors(join(folder, shard(i, 3)))]);
    saveSharded(folder, loaded, { maxShardSize: 90 });
    const again = [1, 2].flatMap(i => [...loadSafetensors(join(folder, shard(i, 2)))]);
    expect(again.map(([name, x]) => [name, x.toNumbers()[9]])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ]);
  });
});
