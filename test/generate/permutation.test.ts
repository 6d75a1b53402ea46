/** Generation with XLNet: what is asked for at a dummy token, and what memory changes. */
import { afterAll, describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import { generateSequences } from '../../src/generate/sequences.ts';
import { createFromConfig } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { createRandom } from '../../src/support/random.ts';
import { inferenceMode, memoryStats, noGrad, scope, type Tensor, tensor } from '../../src/torch/index.ts';

const config = {
  model_type: 'xlnet',
  architectures: ['XLNetLMHeadModel'],
  vocab_size: 30,
  d_model: 16,
  n_layer: 2,
  n_head: 2,
  d_inner: 32,
};
const create = (use_mems_eval: boolean): Model => {
  const model = createFromConfig({ ...config, use_mems_eval }, { seed: 2 }).eval();
  // What is seen must outweigh what a target starts from.
  noGrad(() => {
    for (const [path, p] of model.namedParameters()) if (p.dim >= 2 && !path.includes('mask')) p.mul_(20);
  });
  return model;
};
const plain = create(false);
const remembering = create(true);
afterAll(() => {
  plain.dispose();
  remembering.dispose();
});

const random = createRandom(6);
const prompt = (length: number): number[] => Array.from({ length }, () => random.below(30));
const run = (model: Model, inputIds: number[][], options: GenerationOptions = {}) =>
  generateSequences(model, { inputIds }, resolveGenerationConfig({ maxNewTokens: 7, ...options }));

/** The logits of the token after `ids`, of which the last `fed` are fed, and the memory afterwards. */
function ask(model: Model, ids: number[], fed: number, mems?: Tensor[]): { best: number; mems?: Tensor[] } {
  const text = [...ids.slice(-fed), 0];
  const isLast = text.map((_, i) => (i === text.length - 1 ? 1 : 0));
  const output = inferenceMode(() =>
    model.forward({
      inputIds: tensor([text], { dtype: 'int64' }),
      permMask: tensor([text.map(() => isLast)]),
      targetMapping: tensor([[isLast]]),
      mems,
    }),
  );
  return { best: output.logits!.argmax().item(), mems: output.mems };
}

describe('XLNet', () => {
  const prompts = [5, 2, 8].map(prompt);

  it('asks for each next token over the whole text', () => {
    const expected = prompts.map(ids =>
      scope(() => {
        const text = [...ids];
        for (let i = 0; i < 7; i++) text.push(ask(plain, text, text.length).best);
        return text;
      }),
    );
    for (const [i, ids] of prompts.entries()) expect(run(plain, [ids]).sequences).toEqual([expected[i]]);
    expect(new Set(expected.map(ids => ids.slice(-3).join())).size).toBe(3);
  });

  it('gives each prompt of a batch what it gets alone, with beams, too', () => {
    for (const options of [{}, { numBeams: 3, numReturnSequences: 2 }, { eosTokenId: [7, 11, 13], padTokenId: 0 }]) {
      const copies = options.numReturnSequences ?? 1;
      for (const model of [plain, remembering]) {
        // Memory shows padding to all, so that it is used for equal lengths only.
        const batch = model === plain ? prompts : [prompt(4), prompt(4)];
        const together = run(model, batch, { ...options, padTokenId: undefined }).sequences;
        for (const [i, ids] of batch.entries()) {
          const alone = run(model, [ids], { ...options, padTokenId: undefined }).sequences;
          for (const [j, one] of alone.entries()) expect(together[i * copies + j].slice(0, one.length)).toEqual(one);
        }
      }
    }
  });

  it('uses the memory of all but the last two tokens where config.json says so', () => {
    const expected = prompts.map(ids =>
      scope(() => {
        const text = [...ids];
        let { best, mems } = ask(remembering, text, text.length);
        text.push(best);
        for (let i = 0; i < 6; i++) {
          const kept = mems!.map(states => states.narrow(0, 0, states.size(0) - 2));
          ({ best, mems } = ask(remembering, text, 2, kept));
          text.push(best);
        }
        return text;
      }),
    );
    for (const [i, ids] of prompts.entries()) expect(run(remembering, [ids]).sequences).toEqual([expected[i]]);
    expect(expected).not.toEqual(prompts.map(ids => run(plain, [ids]).sequences[0]));
  });

  it('frees everything', () => {
    const before = memoryStats();
    run(remembering, [prompt(3), prompt(3)], { numBeams: 3 });
    run(plain, prompts);
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });
});
