/** `tslm merge`: models by a YAML file, adapters over four bits, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { loadCompleteModel, modelFolder } from '../../src/models/auto.ts';
import { startRun } from '../../src/runs/run.ts';
import { inferenceMode, scope, type Tensor, tensor } from '../../src/torch/index.ts';
import { expectRefusal, tslmHere } from '../helpers/cli.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';
import { expectClose } from '../torch/helpers.ts';

vi.setConfig({ testTimeout: 120_000 });
const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));
const train = (name: string, changes: object): Promise<unknown> =>
  startRun(tinyRecipe(corpus, { samples: { prompts: [] }, ...changes }), place(name));
await train('base', { model: { layers: 2 }, train: { steps: 2 } });
const base = join(place('base'), 'model');
await train('one', { model: { from: base, context: 16 }, train: { steps: 4 } });
await train('two', { model: { from: base, context: 16 }, train: { steps: 4 }, seed: 5 });

const ids = tensor([[98, 97, 32, 98]], { dtype: 'int64' });
function withLogits<T>(path: string, body: (logits: Tensor, words: Tensor) => T): T {
  return scope(() => {
    using model = loadCompleteModel(modelFolder(path));
    const words = new Map(model.namedParameters()).get('backbone.embeddings.word.weight')!;
    return body(inferenceMode(() => model.forward({ inputIds: ids })).logits!, words);
  });
}

function config(name: string, value: object): string {
  writeFileSync(place(name), stringify(value));
  return place(name);
}

describe('models by a YAML file', () => {
  const models = ['one', 'two'].map(name => ({ model: place(name), parameters: { weight: 0.5 } }));

  it('become one that every command reads, with the tokenizer of the base', async () => {
    const yaml = config('task.yaml', { merge_method: 'task_arithmetic', base_model: base, models });
    const { code, stdout, stderr } = await tslmHere(['merge', yaml, '--out', place('task'), '--json']);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ method: 'task_arithmetic', models: 2, prompts: 8 });
    scope(() => {
      const words = (path: string): Tensor => withLogits(path, (_, own) => own.detach().clone());
      const [from, first, second, merged] = [base, place('one'), place('two'), place('task')].map(words);
      expectClose(merged, from.add(first.sub(from).mul(0.5)).add(second.sub(from).mul(0.5)), { atol: 1e-6 });
    });
    const file = (path: string): string => readFileSync(join(path, 'tokenizer.json'), 'utf8');
    expect(file(place('task'))).toBe(file(base));
  });

  it('go from one to the other over the layers', async () => {
    const yaml = config('slerp.yaml', {
      merge_method: 'slerp',
      base_model: place('one'),
      models: [{ model: place('one') }, { model: place('two') }],
      parameters: { t: [0, 1] },
      dtype: 'bfloat16',
    });
    expect((await tslmHere(['merge', yaml, '--out', place('slerp')])).code).toBe(0);
    const json = JSON.parse(readFileSync(join(place('slerp'), 'config.json'), 'utf8'));
    expect(json.dtype).toBe('bfloat16');
    // The words come before the first layer, where t is 0.
    const words = (path: string): Tensor => withLogits(path, (_, own) => own.detach().clone());
    scope(() => expectClose(words(place('slerp')), words(place('one')).to('bfloat16').to('float32'), { atol: 1e-6 }));
  });

  it('of other shapes, or without weights, are refused', async () => {
    await train('wide', { model: { layers: 2, hidden: 32 }, train: { steps: 1 } });
    const others = { merge_method: 'linear', models: [models[0], { model: place('wide'), parameters: { weight: 1 } }] };
    expectRefusal(await tslmHere(['merge', config('w.yaml', others), '--out', place('no')]), 2, /another shape/);
    const none = { merge_method: 'linear', models: [models[0], { model: place('two') }] };
    expectRefusal(await tslmHere(['merge', config('n.yaml', none), '--out', place('no')]), 2, /no weight/);
    writeFileSync(place('bad.yaml'), 'models: [');
    expectRefusal(await tslmHere(['merge', place('bad.yaml'), '--out', place('no')]), 2, /bad.yaml/);
  });
});

describe('an adapter', () => {
  it('over four bits goes into these alone', async () => {
    await train('nf4', { model: { from: base, context: 16 }, adapter: { method: 'lora', r: 2, quantize: 'nf4' } });
    const args = ['merge', place('nf4'), '--out', place('nf4-merged'), '--json'];
    expectRefusal(await tslmHere(args), 2, /four bits/);
    const { code, stdout, stderr } = await tslmHere([...args, '--dequantise']);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)['largest difference of logits, merged and not']).toBeLessThan(1e-4);
  });

  it('before the input is no part of weights', async () => {
    const adapter = { method: 'prefix-tuning', virtualTokens: 2 };
    await train('prefix', { model: { from: base, context: 12 }, adapter });
    expectRefusal(await tslmHere(['merge', place('prefix'), '--out', place('no')]), 2, /stands before the input/);
    expectRefusal(await tslmHere(['merge', base, '--out', place('no')]), 2, /no adapter here/);
  });
});
