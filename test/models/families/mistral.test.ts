import { describe, expect, it } from 'vitest';
import { expectLogits, logitsOf, sizes, text } from './decoders.ts';
import { keysOf, randomModel } from './helpers.ts';
import { weightsOf } from './naive.ts';
import { naiveRotaryDecoder } from './naive-decoder.ts';

const mistral = (more: Record<string, unknown> = {}) => randomModel({ model_type: 'mistral', ...sizes, ...more });
const frequencies = Array.from({ length: 4 }, (_, i) => 10_000 ** (-i / 4));
const spec = { layers: 2, heads: 4, kvHeads: 2, headDim: 8, frequencies: () => frequencies };

describe('the window', () => {
  it.each([1, 3, 11, 12, 40])('of %d positions is that of every layer', window => {
    const model = mistral({ sliding_window: window });
    expectLogits(model, text, naiveRotaryDecoder(weightsOf(model), text, { ...spec, window: () => window }));
    model.dispose();
  });

  it('may be absent, and is 4096 where config.json does not say', () => {
    const [none, unsaid] = [mistral({ sliding_window: null }), mistral()];
    expectLogits(none, text, naiveRotaryDecoder(weightsOf(none), text, spec));
    expect(logitsOf(unsaid, text).toNumbers()).toEqual(logitsOf(none, text).toNumbers());
    const { layers } = (unsaid.backbone as unknown as { options: { layers: { attention: { window?: number } }[] } })
      .options;
    expect(layers.map(({ attention }) => attention.window)).toEqual([4096, 4096]);
    none.dispose();
    unsaid.dispose();
  });
});

it('question answering keeps the prefix of the other classes', () => {
  const model = mistral({ architectures: ['MistralForQuestionAnswering'] });
  expect(keysOf(model)[0]).toBe('model.embed_tokens.weight');
  model.dispose();
});
