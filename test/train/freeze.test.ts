/** Frozen parameters: nothing of them changes, nothing is kept for them, and the others learn as if they were not. */
import { describe, expect, it } from 'vitest';
import { createFromConfig } from '../../src/models/auto.ts';
import { recomputeBlocks } from '../../src/models/recompute.ts';
import { backward, scope, tensor } from '../../src/torch/index.ts';
import { freeze } from '../../src/train/freeze.ts';
import { createOptimizer, optimizerSchema } from '../../src/train/optimizers/optimizers.ts';
import { wholeModel } from '../../src/train/trainable.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyConfigs } from '../models/tiny-configs.ts';

/** Gradients of the same batch by parameter, with what `patterns` name frozen. */
function gradients(family: string, patterns: string[], { recompute = false } = {}) {
  const dropout = { resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 };
  const model = createFromConfig(
    { model_type: family, ...tinyConfigs[family], ...(recompute && dropout) },
    { seed: 1 },
  );
  recomputeBlocks(model, recompute);
  const trainable = wholeModel(model);
  if (patterns.length > 0) freeze(trainable, patterns);
  model.eval();
  if (recompute) model.train();
  scope(() => {
    const inputIds = tensor([[3, 4, 5, 6, 7]], { dtype: 'int64' });
    backward(model.forward({ inputIds, labels: inputIds }).loss!);
  });
  const named = [...model.namedParameters()];
  const result = new Map(named.map(([name, { grad }]) => [name, grad && Array.from(grad.toNumbers())]));
  const optimizer = createOptimizer(trainable.namedParameters(), optimizerSchema.parse({ name: 'muon' }));
  const before = new Map(named.map(([name, parameter]) => [name, Array.from(parameter.toNumbers())]));
  optimizer.step(0.1);
  const changed = named.filter(([name, p]) => before.get(name)!.join() !== Array.from(p.toNumbers()).join());
  const state = [...optimizer.state().keys()];
  optimizer.dispose();
  trainable.dispose();
  return { result, state, changed: changed.map(([name]) => name) };
}

describe('frozen parameters', () => {
  it.each([
    ['gpt2', ['transformer.wte', 'transformer.wpe', 'transformer.h.0']],
    ['gpt2', ['*.bias', '*.ln_*']],
    ['llama', ['model.layers', 'model.embed_tokens', 'model.norm']],
    ['llama', ['lm_head', '*.mlp', '*.v_proj']],
    ['bert', ['bert']],
    ['t5', ['encoder', 'shared', 'decoder.block.0.layer.1']],
  ])('of %s: %s', (family, patterns) => {
    const all = gradients(family, []);
    const some = gradients(family, patterns);
    let frozen = 0;
    for (const [name, gradient] of some.result) {
      if (gradient !== undefined) {
        // Not to the bit: a bias of attention that gets no gradient lets another kernel make the scores.
        const expected = all.result.get(name)!;
        expect(gradient, name).toHaveLength(expected.length);
        for (const [i, value] of gradient.entries()) {
          expect(Math.abs(value - expected[i]), name).toBeLessThan(1e-5 * (1 + Math.abs(expected[i])));
        }
        continue;
      }
      if (all.result.get(name) !== undefined) frozen++;
      expect(some.state.filter(key => key.startsWith(`${name}.`))).toEqual([]);
      expect(some.changed).not.toContain(name);
    }
    expect(frozen).toBeGreaterThan(0);
    expect(some.changed.length).toBeGreaterThan(0);
  });

  it('beneath blocks that are recomputed do not stop the gradient of those blocks', () => {
    const patterns = ['transformer.wte', 'transformer.wpe'];
    const all = gradients('gpt2', [], { recompute: true }).result;
    for (const [name, gradient] of gradients('gpt2', patterns, { recompute: true }).result) {
      expect(gradient, name).toEqual(name.startsWith('backbone.embeddings') ? undefined : all.get(name));
    }
  });

  it('are not all, and are there', async () => {
    const trainable = wholeModel(createFromConfig({ model_type: 'gpt2', ...tinyConfigs.gpt2 }, { seed: 1 }));
    expect(await errorOf(() => freeze(trainable, ['*']))).toMatchObject({ code: 'TSLM_NOTHING_TO_TRAIN' });
    expect(await errorOf(() => freeze(trainable, ['transformer.wt']))).toMatchObject({
      message: "'train.freeze': 'transformer.wt' matches no parameter of the model",
      hint: expect.stringContaining("'transformer.wte'"),
    });
  });
});
