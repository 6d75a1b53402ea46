/** Runs that train an adapter: what they save, that they go on to the same bits, and what reads the result. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadAdapter } from '../../src/models/adapters/index.ts';
import { loadCompleteModel } from '../../src/models/auto.ts';
import { loadForInference } from '../../src/models/load-for-inference.ts';
import { checkpointSteps } from '../../src/runs/checkpoints.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { inferenceMode, openSafetensors, scope, type Tensor, tensor } from '../../src/torch/index.ts';
import { errorOf } from '../data/helpers.ts';
import { metricsOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';
import { expectClose } from '../torch/helpers.ts';

vi.setConfig({ testTimeout: 120_000 });
const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));
await startRun(tinyRecipe(corpus, { model: { layers: 2 }, train: { steps: 4 } }), place('base'));
const base = join(place('base'), 'model');

const recipeOf = (adapter: object, changes: object = {}) =>
  tinyRecipe(corpus, { model: { from: base, context: 12 }, adapter, log: { every: 5 }, ...changes });

const bytes = (run: string): Buffer => readFileSync(join(run, 'model', 'adapter_model.safetensors'));
const traceOf = (run: string) => ({ metrics: metricsOf(run), weights: bytes(run).toString('base64') });

const ids = tensor([[98, 97, 32, 98]], { dtype: 'int64' });
const logitsOf = (path: string): Tensor => {
  using model = loadCompleteModel(path);
  return inferenceMode(() => model.forward({ inputIds: ids })).logits!;
};

async function stopAfter(step: number, begin: (options: Parameters<typeof resumeRun>[1]) => Promise<unknown>) {
  const controller = new AbortController();
  const onStep = (metrics: { step: number }) => metrics.step === step && controller.abort();
  return begin({ signal: controller.signal, hooks: { onStep } });
}

describe.each([
  ['lora', { method: 'lora', r: 2, dropout: 0.1 }],
  ['dora', { method: 'lora', r: 2, dora: true, rslora: false, bias: 'lora_only' }],
  ['pissa', { method: 'lora', r: 2, init: 'pissa' }],
  ['loraPlus', { method: 'lora', r: 2, loraPlus: 16, targets: ['c_attn', 'wpe'], trainableTokens: [98, 97] }],
  ['nf4', { method: 'lora', r: 2, quantize: 'nf4' }],
  ['ia3', { method: 'ia3' }],
  ['vera', { method: 'vera', r: 4 }],
  ['loha', { method: 'loha', r: 2 }],
  ['prompt-tuning', { method: 'prompt-tuning', virtualTokens: 3 }],
  ['prefix-tuning', { method: 'prefix-tuning', virtualTokens: 3 }],
  ['bottleneck', { method: 'bottleneck', size: 4 }],
])('%s', (name, adapter) => {
  const recipe = recipeOf(adapter);

  it('learns, saves the adapter alone, and goes on to the same bits', async () => {
    const straight = place(`${name}-straight`);
    const { finished } = await startRun(recipe, straight);
    expect(finished).toBe(true);
    const files = readdirSync(join(straight, 'model'));
    expect(files).toContain('adapter_config.json');
    expect(files.filter(file => file.startsWith('model.') || file.endsWith('.bin'))).toEqual([]);

    const run = place(`${name}-stopped`);
    await stopAfter(3, options => startRun(recipe, run, options));
    await stopAfter(7, options => resumeRun(run, options));
    expect(checkpointSteps(run).at(-1)).toBe(7);
    await resumeRun(run);
    expect(traceOf(run)).toEqual(traceOf(straight));
    expect(existsSync(join(run, 'samples.jsonl'))).toBe(true);
  });

  it('changes the model, whose folder every command reads', () => {
    scope(() => {
      const path = join(place(`${name}-straight`), 'model');
      const adapted = logitsOf(path);
      expect(adapted.sub(logitsOf(base)).abs().amax().item()).toBeGreaterThan(1e-4);
      using given = loadForInference(base, { dtype: 'float32', adapter: path });
      expectClose(inferenceMode(() => given.forward({ inputIds: ids })).logits!, adapted, { atol: 1e-5 });
      using model = loadCompleteModel(base);
      using loaded = loadAdapter(model, path);
      expect(loaded.config.base_model_name_or_path).toBe(base);
    });
  });
});

it('a run with PiSSA saves a LoRA of twice the rank over the model as it was', () => {
  const file = openSafetensors(join(place('pissa-straight'), 'model', 'adapter_model.safetensors'));
  const key = 'base_model.model.transformer.h.0.attn.c_attn.lora_A.weight';
  expect(file.entries.get(key)!.shape).toEqual([4, 16]);
  const config = JSON.parse(readFileSync(join(place('pissa-straight'), 'model', 'adapter_config.json'), 'utf8'));
  expect(config).toMatchObject({ r: 4, init_lora_weights: true, use_rslora: true });
});

it('the model itself stays as it is, and its weights cost no optimizer state', async () => {
  const run = place('lora-straight');
  const step = readdirSync(join(run, 'checkpoints')).at(-1)!;
  const state = openSafetensors(join(run, 'checkpoints', step, 'optimizer.safetensors'));
  const names = [...state.entries.keys()].filter(key => key !== 'rng');
  expect(names.every(key => key.includes('.lora_'))).toBe(true);
});

it('blocks that are computed twice give the adapter the same gradients', async () => {
  const options = { method: 'lora', r: 2 };
  await startRun(recipeOf(options), place('kept'));
  await startRun(recipeOf(options, { train: { recompute: true } }), place('recomputed'));
  expect(metricsOf(place('recomputed'))).toEqual(metricsOf(place('kept')));
});

it.each([
  [{ method: 'lora', r: 2, targets: ['nothing'] }, {}, /mean no module/],
  [{ method: 'prefix-tuning', virtualTokens: 3 }, { model: { from: base, context: 16 } }, /takes 3 of them/],
  [{ method: 'prompt-tuning' }, { data: { packing: 'documents' } }, /'data.packing'/],
  [{ method: 'lora', target: ['c_attn'] }, {}, /unknown key 'adapter.target'/],
  [{ method: 'lora', init: 'pissa', quantize: 'nf4' }, {}, /begins with the weights in floats/],
  [{ method: 'oft' }, {}, /'oft' is not known/],
  [
    { method: 'lora' },
    { model: { from: join(place('lora-straight'), 'model'), context: 12 } },
    /holds an adapter itself/,
  ],
  [{ method: 'lora' }, { model: { layers: 1 } }, /'adapter' is for a model that there is/],
])('%j is refused', async (adapter, changes, message) => {
  const error = await errorOf(async () => startRun(recipeOf(adapter, changes), place('refused')));
  expect(error.message).toMatch(message);
});
