import { describe, expect, it } from 'vitest';
import type { MaskedLMHead } from '../../../src/models/heads/masked-lm.ts';
import { tokenLoss } from '../../../src/models/losses.ts';
import { autocast, backward, randint, randn, scope, type Tensor, withSeed } from '../../../src/torch/index.ts';
import { tinyModel } from '../../objectives/helpers.ts';
import { expectClose } from '../../torch/helpers.ts';

const [ROWS, HIDDEN, VOCAB] = [40, 16, 90];

describe('the loss of masked places', () => {
  const heads: [string, string, string, object][] = [
    ['tied', 'bert', 'BertForMaskedLM', {}],
    ['narrow', 'albert', 'AlbertForMaskedLM', {}],
    ['of its own', 'bert', 'BertForMaskedLM', { tie_word_embeddings: false }],
  ];

  it.each(heads)('is the same where no scores are kept: %s', (_, family, architecture, config) => {
    const model = tinyModel(family, architecture, VOCAB, config);
    const head = model.head as MaskedLMHead;
    const targets = withSeed(1, () => randint(0, VOCAB, [ROWS], { dtype: 'int64' }));
    const run = (dtype: 'float32' | 'bfloat16', loss: (x: Tensor) => Tensor) =>
      scope(() => {
        const x = withSeed(2, () => randn([ROWS, HIDDEN]));
        x.requiresGrad = true;
        const value = autocast(dtype, () => loss(x));
        backward(value);
        const gradients = [x, ...head.parameters()].map(({ grad }) => grad);
        model.zeroGrad();
        return [value, ...gradients];
      });
    const whole = run('float32', x => tokenLoss(head.scores(x), targets));
    for (const [dtype, tolerance] of [
      ['float32', 1e-6],
      ['bfloat16', 0.03],
    ] as const) {
      const found = run(dtype, x => head.loss(x, targets));
      expect(found.length).toBe(whole.length);
      for (const [i, value] of whole.entries()) {
        const atol = tolerance * value!.abs().amax().item();
        expectClose(found[i]!.to('float32'), value!, { atol, rtol: tolerance, name: `${dtype} ${i}` });
      }
    }
  });
});
