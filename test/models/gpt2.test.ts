import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createModel, familyOf, loadCompleteModel, loadModel, modelFolder, saveModel } from '../../src/models/auto.ts';
import type { Decoder } from '../../src/models/decoder.ts';
import type { Model } from '../../src/models/model.ts';
import { KVCache } from '../../src/nn/index.ts';
import {
  arange,
  autocast,
  inferenceMode,
  loadSafetensors,
  memoryStats,
  noGrad,
  openSafetensors,
  randint,
  saveSafetensors,
  scope,
  type Tensor,
  tensor,
  withSeed,
} from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { scratchFolder } from '../support/scratch.ts';
import { expectClose } from '../torch/helpers.ts';
import { int64 } from './golden.ts';

const golden = 'test/fixtures/hf/gpt2/lm';
const scratch = scratchFolder();
const sizes = { layers: 3, hidden: 32, heads: 4, context: 16, vocabSize: 50 };
const ids = (rows: number, time: number, vocab = 50) =>
  withSeed(1, () => randint(0, vocab, [rows, time], { dtype: 'int64' }));
const logitsOf = (model: Model, inputIds: Tensor, inputs = {}) =>
  inferenceMode(() => model.forward({ inputIds, ...inputs }).logits!);

const layersOf = ({ backbone }: Model) => (backbone as Decoder).stack.layers;

let copies = 0;
/** A model folder with another config.json, and other tensors where given. */
function variant(
  config: object,
  tensors?: (original: Map<string, Tensor>) => Iterable<readonly [string, Tensor]>,
): string {
  const folder = join(scratch, `copy-${copies++}`);
  mkdirSync(folder);
  const original = JSON.parse(readFileSync(join(golden, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...original, ...config }));
  const [from, to] = [golden, folder].map(place => join(place, 'model.safetensors'));
  if (tensors) saveSafetensors(to, tensors(loadSafetensors(from)));
  else copyFileSync(from, to);
  return folder;
}

describe('a new model', () => {
  const create = (seed: number): Model => createModel('gpt2', { ...sizes, hidden: 128 }, { seed });

  it('has weights as GPT-2 is initialised', () => {
    const model = create(1);
    const statistics = (x: Tensor) => [x.mean().item(), Math.sqrt(x.var_().item())];
    for (const [path, parameter] of model.namedParameters()) {
      const [mean, deviation] = statistics(parameter);
      const isNorm = /[nN]orm\./.test(path);
      const expected = /output\.weight$/.test(path) ? 0.02 / Math.sqrt(6) : 0.02;
      if (path.endsWith('bias')) expect(parameter.abs().sum().item(), path).toBe(0);
      else if (isNorm) expect(parameter.sub(1).abs().sum().item(), path).toBe(0);
      else {
        expect(Math.abs(mean), path).toBeLessThan(expected / 10);
        expect(Math.abs(deviation / expected - 1), path).toBeLessThan(0.05);
      }
    }
    const loss = scope(() =>
      inferenceMode(() => model.forward({ inputIds: ids(8, 16), labels: ids(8, 16) }).loss!.item()),
    );
    expect(Math.abs(loss - Math.log(50))).toBeLessThan(0.2);
  });

  it('follows from its seed alone', () => {
    const [a, b, c] = [create(1), create(1), create(2)].map(
      ({ backbone }) => (backbone as Decoder).embeddings.word.weight,
    );
    expect(a.equal(b)).toBe(true);
    expect(a.equal(c)).toBe(false);
  });

  it('has as many parameters as the formula says', () => {
    const [v, t, h, l] = [50, 16, 128, 3];
    expect(create(1).parameterCount()).toBe(v * h + t * h + l * (12 * h * h + 13 * h) + 2 * h);
  });

  it('refuses sizes that do not fit, and families that nobody knows', () => {
    expect(() => createModel('gpt2', { ...sizes, heads: 5 }, { seed: 1 })).toThrow(/multiple of heads/);
    expect(() => createModel('gpt3', sizes, { seed: 1 })).toThrow(
      expect.objectContaining({ hint: "did you mean 'gpt2'?" }),
    );
    expect(() => familyOf('mamba', 'config.json')).toThrow(/config.json: model type 'mamba' is not known/);
  });
});

describe('saving and loading', () => {
  it('keeps every bit', () => {
    const model = createModel('gpt2', sizes, { seed: 3, dropout: 0.1, eosTokenId: 7 });
    const folder = join(scratch, 'saved');
    saveModel(folder, model);
    const again = loadCompleteModel(folder);
    expect(again.config).toEqual(model.config);
    expect(again.config).toMatchObject({
      eos_token_id: 7,
      resid_pdrop: 0.1,
      n_layer: 3,
      architectures: ['GPT2LMHeadModel'],
    });
    const other = new Map(again.namedParameters());
    for (const [path, parameter] of model.namedParameters()) expect(other.get(path)!.equal(parameter)).toBe(true);
    expect(again.training).toBe(false);
  });

  it('writes exactly the keys, shapes, element types and values that Hugging Face wrote', () => {
    const folder = join(scratch, 'resaved');
    saveModel(folder, loadCompleteModel(golden));
    const [ours, theirs] = [folder, golden].map(place => openSafetensors(join(place, 'model.safetensors')));
    expect([...ours.entries.keys()].sort()).toEqual([...theirs.entries.keys()].sort());
    expect(ours.metadata).toEqual(theirs.metadata);
    for (const [name, { shape, dtype }] of theirs.entries) {
      expect(ours.entries.get(name)).toMatchObject({ shape, dtype });
      expect(ours.tensor(name).equal(theirs.tensor(name)), name).toBe(true);
    }
    const config = (place: string) => JSON.parse(readFileSync(join(place, 'config.json'), 'utf8'));
    expect(config(folder)).toEqual(config(golden));
  });

  it('says in config.json which element type the weights have', () => {
    const folder = join(scratch, 'half');
    saveModel(folder, loadCompleteModel(golden, { dtype: 'bfloat16' }));
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).dtype).toBe('bfloat16');
    expect(openSafetensors(join(folder, 'model.safetensors')).entries.get('transformer.wte.weight')!.dtype).toBe(
      'bfloat16',
    );
    const old = variant({ dtype: undefined, torch_dtype: 'float16' });
    saveModel(folder, loadCompleteModel(old));
    const written = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    expect([written.torch_dtype, written.dtype]).toEqual([undefined, 'float32']);
  });

  it('frees what it read when the model is disposed', () => {
    const before = memoryStats();
    loadModel(golden, { dtype: 'float64' }).model.dispose();
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });

  it('frees what it made when something is wrong', () => {
    const cut = variant({}, original => [...original].filter(([key]) => key.includes('wpe')));
    const wide = variant({ n_embd: 64 });
    const odd = variant({ n_head: 5 });
    for (const folder of [cut, wide, odd]) {
      const before = memoryStats();
      expect(() => loadCompleteModel(folder)).toThrow();
      expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
    }
  });

  it('finds checkpoints of the bare model, old causal masks and a stored tied output layer', () => {
    const expected = logitsOf(loadModel(golden).model, ids(1, 4));
    const bare = variant({}, original => [
      ...[...original].map(([key, x]) => [key.replace('transformer.', ''), x] as const),
      ['h.0.attn.bias', tensor([1])] as const,
      ['h.1.attn.masked_bias', tensor(-1e4)] as const,
    ]);
    const stored = variant({}, original => [
      ...original,
      ['lm_head.weight', original.get('transformer.wte.weight')!] as const,
      ['score.weight', tensor([1])] as const,
    ]);
    for (const [folder, unexpected] of [
      [bare, []],
      [stored, ['score.weight']],
    ] as const) {
      const { model, ...report } = loadModel(folder);
      expect(report.unexpected).toEqual(unexpected);
      expect(logitsOf(model, ids(1, 4)).equal(expected)).toBe(true);
    }
  });

  it('reads and writes an output layer of its own', () => {
    const head = withSeed(5, () => tensor([1]).expand([131, 32]).clone().normal_());
    const folder = variant({ tie_word_embeddings: false }, original => [
      ...original,
      ['lm_head.weight', head] as const,
    ]);
    const model = loadCompleteModel(folder);
    const { logits, lastHiddenState } = inferenceMode(() => model.forward({ inputIds: ids(1, 4) }));
    expectClose(logits!, lastHiddenState.matmul(head.t()), { atol: 1e-5 });
    const again = join(scratch, 'untied');
    saveModel(again, model);
    expect(openSafetensors(join(again, 'model.safetensors')).tensor('lm_head.weight').equal(head)).toBe(true);
    expect(loadModel(variant({ tie_word_embeddings: false })).missing).toEqual(['lm_head.weight']);
    expect(() => loadCompleteModel(variant({ tie_word_embeddings: false }))).toThrow(
      /1 tensor is missing from its weights, 'lm_head.weight' first/,
    );
  });

  it('reads shards under an index', () => {
    const folder = variant({}, () => []);
    const tensors = [...loadSafetensors(join(golden, 'model.safetensors'))];
    const half = tensors.length >> 1;
    const shards = { 'model-1.safetensors': tensors.slice(0, half), 'model-2.safetensors': tensors.slice(half) };
    const weight_map: Record<string, string> = {};
    for (const [name, part] of Object.entries(shards)) {
      saveSafetensors(join(folder, name), part);
      for (const [key] of part) weight_map[key] = name;
    }
    const load = (map: object) => {
      writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
      return loadCompleteModel(folder);
    };
    rmSync(join(folder, 'model.safetensors'));
    const expected = logitsOf(loadModel(golden).model, ids(1, 4));
    expect(logitsOf(load(weight_map), ids(1, 4)).equal(expected)).toBe(true);
    const [first] = Object.keys(weight_map);
    expect(() => load({ ...weight_map, [first]: 'model-2.safetensors' })).toThrow(
      /model-2.safetensors: tensor '.*' is missing, which the index places here/,
    );
    expect(() => load({ ...weight_map, [first]: 'model-3.safetensors' })).toThrow(/model-3.safetensors/);
    expect(() => load({ ...weight_map, [first]: '../x.safetensors' })).toThrow(/must be in a file of the same folder/);
    expect(() => load({})).toThrow(/index.json: 'weight_map' names no tensor/);
  });
});

describe('what is wrong with a folder', () => {
  const failure = (folder: string) => {
    try {
      loadCompleteModel(folder);
    } catch (error) {
      return error as Error;
    }
    throw new Error('it loaded');
  };

  it.each([
    ['an unknown model type', { model_type: 'gpt_2' }, /model type 'gpt_2' is not known/, "did you mean 'gpt2'?"],
    ['an unknown architecture', { architectures: ['GPT2ForCows'] }, /architecture 'GPT2ForCows'/, /GPT2LMHeadModel/],
    ['an unknown activation', { activation_function: 'gelu_old' }, /'activation_function'/, undefined],
    ['an impossible size', { n_layer: 0 }, /'n_layer'/, undefined],
    [
      'an option that is not offered',
      { tie_encoder_decoder: true },
      /'tie_encoder_decoder': is not supported/,
      undefined,
    ],
    ['heads that do not divide', { n_head: 5 }, /config.json: .*multiple of .*5/, undefined],
  ])('%s', (_, config, message, hint) => {
    const error = failure(variant(config));
    expect(error).toMatchObject({ name: 'UserError', message: expect.stringMatching(message) });
    if (hint !== undefined) expect(error).toMatchObject({ hint: expect.stringMatching(hint) });
  });

  it('shapes that differ from config.json, in the file’s own layout', () => {
    expect(failure(variant({ n_inner: 100 }))).toMatchObject({
      code: 'TSLM_SHAPE_MISMATCH',
      message: expect.stringMatching(
        /model.safetensors: tensor '.*c_fc.weight' is \[32, 128\], config.json says \[32, 100\]/,
      ),
    });
  });

  it('missing tensors', () => {
    const folder = variant({}, original => [...original].filter(([key]) => !key.includes('ln_1')));
    expect(failure(folder)).toMatchObject({
      code: 'TSLM_MISSING_WEIGHTS',
      message: expect.stringMatching(/: 4 tensors are missing from its weights, 'transformer.h.0.ln_1.weight' first/),
    });
  });

  it('missing files', () => {
    expect(failure(join(scratch, 'nowhere'))).toMatchObject({ code: 'TSLM_ENOENT' });
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    copyFileSync(join(golden, 'config.json'), join(empty, 'config.json'));
    expect(failure(empty)).toMatchObject({ code: 'TSLM_NO_WEIGHTS' });
    expect(modelFolder(golden)).toBe(golden);
    expect(() => modelFolder(scratch)).toThrow(expect.objectContaining({ code: 'TSLM_NO_MODEL' }));
  });

  it('a config.json that is none', () => {
    const folder = variant({});
    writeFileSync(join(folder, 'config.json'), '[]');
    expect(failure(folder)).toMatchObject({ name: 'UserError', message: expect.stringContaining('config.json') });
    writeFileSync(join(folder, 'config.json'), '{');
    expect(failure(folder)).toMatchObject({ code: 'TSLM_BAD_JSON' });
  });
});

describe('the forward pass', () => {
  const { model } = loadModel(golden);
  const input = ids(3, 9, 131);
  const all = logitsOf(model, input);

  it('gives the same alone as in a batch', () => {
    for (const row of [0, 1, 2]) {
      expectClose(logitsOf(model, input.narrow(0, row, 1)), all.narrow(0, row, 1), { atol: 3e-6 });
    }
  });

  it('does not see what comes later', () => {
    expectClose(logitsOf(model, input.narrow(1, 0, 4)), all.narrow(1, 0, 4), { atol: 2e-6 });
  });

  it('does not see padding, on either side', () => {
    const rows = input.toArray() as number[][];
    const left = int64(rows.map(row => [0, 5, ...row]));
    const leftMask = int64(rows.map(row => [0, 0, ...row.map(() => 1)]));
    const positionIds = arange(-2, 9, { dtype: 'int64' }).clamp({ min: 0 }).unsqueeze(0).expand([3, 11]);
    const shifted = logitsOf(model, left, { attentionMask: leftMask, positionIds });
    expectClose(shifted.narrow(1, 2, 9), all, { atol: 3e-6 });
    expect(shifted.isfinite().all().item()).toBe(1);
    const right = int64(rows.map(row => [...row, 7]));
    const rightMask = int64(rows.map(row => [...row.map(() => 1), 0]));
    expectClose(logitsOf(model, right, { attentionMask: rightMask }).narrow(1, 0, 9), all, { atol: 3e-6 });
  });

  it('gives the same with a cache', () => {
    using cache = new KVCache(2, 9);
    for (const time of [4, 1, 1, 3]) {
      const start = cache.length;
      const part = logitsOf(model, input.narrow(1, start, time), { cache });
      expectClose(part, all.narrow(1, start, time), { atol: 3e-6, name: `from ${start}` });
    }
  });

  it('projects only the last position when asked', () => {
    expectClose(logitsOf(model, input, { logitsToKeep: 1 }), all.narrow(1, 8, 1), { atol: 2e-6 });
  });

  it('refuses more positions than there are', () => {
    expect(() => model.forward({ inputIds: ids(1, 65) })).toThrow(
      /65 tokens do not fit: the model has vectors for 64 positions/,
    );
  });

  it('is close in bfloat16, as weights and as mixed precision', () => {
    const half = loadModel(golden, { dtype: 'bfloat16' }).model;
    const scale = all.abs().amax().item();
    // Sums of ours are in float32; libtorch's may be rounded at each term, where processors have nothing for bfloat16.
    const atol = (hasProducts() ? 0.03 : 0.1) * scale;
    expectClose(logitsOf(half, input), all, { atol, rtol: 0 });
    const mixed = autocast('bfloat16', () => logitsOf(model, input));
    expect(mixed.dtype).toBe('float32');
    expect(mixed.equal(all)).toBe(false);
    expectClose(mixed, all, { atol, rtol: 0 });
  });

  it('scales attention as config.json says', () => {
    const scaleOf = (config: object) => layersOf(loadModel(variant(config)).model).map(layer => layer.attention.scale);
    expect(scaleOf({})).toEqual([1 / Math.sqrt(8), 1 / Math.sqrt(8)]);
    expect(scaleOf({ scale_attn_weights: false })).toEqual([1, 1]);
    const both = { scale_attn_weights: true, scale_attn_by_inverse_layer_idx: true };
    expect(scaleOf(both)).toEqual([1 / Math.sqrt(8), 0.5 / Math.sqrt(8)]);
    const { model: inverse } = loadModel(variant(both));
    // The same as a layer whose queries are halved.
    const { model: halved } = loadModel(golden);
    noGrad(() => {
      const { weight, bias } = layersOf(halved)[1].attention.qkv!;
      weight.narrow(0, 0, 32).mul_(0.5);
      bias!.narrow(0, 0, 32).mul_(0.5);
    });
    expectClose(logitsOf(inverse, input), logitsOf(halved, input), { atol: 3e-6 });
    expect(logitsOf(inverse, input).equal(all)).toBe(false);
  });

  it('computes attention in float32 when asked to, even in mixed precision', () => {
    const { model: upcast } = loadModel(variant({ reorder_and_upcast_attn: true }));
    expectClose(logitsOf(upcast, input), all, { atol: 3e-6 });
    const scale = all.abs().amax().item();
    expectClose(
      autocast('bfloat16', () => logitsOf(upcast, input)),
      all,
      { atol: 0.03 * scale, rtol: 0 },
    );
  });

  it('takes segment types from the words', () => {
    const types = ids(3, 9, 131).flip([1]);
    const { word } = (model.backbone as Decoder).embeddings;
    const sums = inferenceMode(() => word.forward(input).add(word.forward(types)));
    const expected = inferenceMode(() => model.forward({ inputsEmbeds: sums }).logits!);
    expectClose(logitsOf(model, input, { tokenTypeIds: types }), expected, { atol: 3e-6 });
    expect(logitsOf(model, input, { tokenTypeIds: types }).equal(all)).toBe(false);
  });

  it('draws dropout while training only', () => {
    const { model: dropping } = loadModel(golden);
    const run = (seed: number) => withSeed(seed, () => logitsOf(dropping, input));
    expect(run(1).equal(run(2))).toBe(true);
    dropping.train();
    expect(run(1).equal(run(2))).toBe(false);
    expect(run(1).equal(run(1))).toBe(true);
  });
});

describe('what is left over', () => {
  it('is reported, and said where a model is used as it is', () => {
    const folder = variant({}, original => [...original, ['score.weight', tensor([1])] as const]);
    const notes: string[] = [];
    loadCompleteModel(folder, { onNote: note => notes.push(note) }).dispose();
    expect(notes).toEqual([`${folder}: the model has no place for 1 tensor of its weights: score.weight`]);
    loadCompleteModel(golden, { onNote: note => notes.push(note) }).dispose();
    expect(notes).toHaveLength(1);
  });
});
