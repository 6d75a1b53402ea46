/** The session in pages beside the one with a cache of its own, and beside texts read alone. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../../src/generate/config/generation-options.ts';
import { generate } from '../../../src/generate/generate.ts';
import type { GenerateOptions } from '../../../src/generate/generate-options.ts';
import { decoderSession } from '../../../src/generate/sessions/decoder-session.ts';
import { pagedModel } from '../../../src/generate/sessions/paged-model.ts';
import { pagedSession, readsPages } from '../../../src/generate/sessions/paged-session.ts';
import type { CachedSession } from '../../../src/generate/sessions/session.ts';
import { createModel } from '../../../src/models/auto.ts';
import type { Model } from '../../../src/models/model.ts';
import { packForInference } from '../../../src/models/pack-for-inference.ts';
import { type DType, memoryStats, noGrad } from '../../../src/torch/index.ts';
import { hasProducts } from '../../../src/torch/products.ts';

const VOCABULARY = 60;

function make(family: string, dtype: DType): Model {
  const sizes = { layers: 2, hidden: 64, heads: 2, context: 256, vocabSize: VOCABULARY };
  const model = createModel(family, sizes, { seed: 1 }).eval();
  noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(8))));
  model.to({ dtype });
  packForInference(model);
  return model;
}

const text = (length: number, first = 0): number[] =>
  Array.from({ length }, (_, i) => (first + i * 7 + i * i) % VOCABULARY);

/** Runs the same calls on both; float32 agrees but for rounding. */
function expectSame(
  model: Model,
  attentionMask: number[][] | undefined,
  body: (session: CachedSession) => unknown,
): void {
  using paged = pagedSession(model, { capacity: 140, rows: 4, attentionMask });
  using other = decoderSession(model, { capacity: 140, attentionMask });
  const [a, b] = [paged, other].map(session => (body(session) as Float32Array[]).map(logits => [...logits]));
  expect(a.length).toBe(b.length);
  for (const [r, logits] of a.entries()) {
    expect(logits).toEqual(b[r].map(x => expect.closeTo(x, 3)));
  }
}

describe('rows in pages', () => {
  const model = make('llama', 'float32');

  it('of different lengths, step by step, over the edges of pages', () => {
    expectSame(model, undefined, session => {
      const all = session.step([text(30), text(61, 1), text(1, 2)]);
      for (let i = 0; i < 6; i++) all.push(...session.step([[i], [i + 1], [i + 2]]));
      return all;
    });
  });

  it('are dropped, repeated and reordered', () => {
    expectSame(model, undefined, session => {
      const all = session.step([text(30), text(64, 1)]);
      session.selectRows([1, 0, 0, 1]);
      all.push(...session.step([[1], [2], [3], [4]]));
      all.push(...session.step([[5], [6], [7], [8]]));
      session.selectRows([3, 1]);
      session.selectRows([1, 0, 1]);
      for (let i = 0; i < 40; i++) all.push(...session.step([[i], [i + 1], [i + 2]]));
      return all;
    });
  });

  it('take tokens back, and read several at once', () => {
    expectSame(model, undefined, session => {
      const all = session.step([text(33)]);
      session.truncate(31);
      all.push(...session.read([text(4, 3)], { logitsToKeep: 4 }).logits[0]);
      session.truncate(32);
      all.push(...session.step([[9]]));
      session.truncate(20);
      all.push(...session.read([text(50, 5)], { logitsToKeep: 2 }).logits[0]);
      return all;
    });
  });

  it('hold no token that does not count', () => {
    const masks = [[0, 0, ...Array<number>(18).fill(1)], Array<number>(9).fill(1)];
    expectSame(model, masks, session => {
      const all = session.step([text(20), text(9, 1)]);
      all.push(...session.step([[1], [2]]));
      session.truncate(20);
      all.push(...session.step([[3], [4]]));
      return all;
    });
  });

  it('are no more than there is room for, and leave nothing behind', () => {
    const before = memoryStats().liveBytes;
    {
      using session = pagedSession(model, { capacity: 32, rows: 1 });
      session.step([text(30)]);
      expect(() => session.step([text(3)])).toThrow(RangeError);
    }
    expect(memoryStats().liveBytes).toBe(before);
  });
});

describe.runIf(hasProducts())('a model whose weights are packed', () => {
  it.each(['gpt2', 'llama'])('%s gives a text the bits that it has from a server', family => {
    const model = make(family, 'bfloat16');
    expect(readsPages(model)).toBe(true);
    using session = pagedSession(model, { capacity: 256, rows: 2 });
    using served = pagedModel(model, { pages: 8 });
    const pages = [...(served.pages ? Array(8).keys() : [])];
    let input = [text(70), text(40, 3)];
    for (let past = 0; past < 200; past += input[0].length, input = [[past % 50], [past % 40]]) {
      const [logits] = session.step(input);
      const [[expected]] = served.forward([{ ids: input[0], past, pages, logits: 'last' }]);
      expect(logits).toEqual(expected);
    }
  });
});

/** Ids of every row; greedy and drawn texts alike. */
function write(model: Model, prompts: number[][], options: GenerationOptions, more: GenerateOptions = {}): number[][] {
  const rows: number[][] = [];
  for (const tokens of generate(model, prompts, resolveGenerationConfig({ maxNewTokens: 50, ...options }), more)) {
    for (const { row, id } of tokens) rows[row] = [...(rows[row] ?? []), id];
  }
  return rows;
}

describe.runIf(hasProducts())('texts of a model whose weights are packed', () => {
  const model = make('gpt2', 'bfloat16');
  const prompts = [text(40), text(3, 1), text(31, 2)];

  it('are the same alone and in a batch, greedy and drawn', () => {
    const greedy = write(model, prompts, {});
    expect(greedy).toEqual(prompts.flatMap(prompt => write(model, [prompt], {})));
    const drawn = { doSample: true, topK: 0, numReturnSequences: 2 };
    // Texts end at different times, so that rows leave.
    const more: GenerateOptions = { stopAfter: (_, id) => (id % 31 === 5 ? 'stopString' : undefined) };
    const alone = prompts.flatMap((prompt, p) =>
      [0, 1].flatMap(copy => write(model, [prompt], { doSample: true, topK: 0, seed: 9 + 2 * p + copy }, more)),
    );
    expect(write(model, prompts, { ...drawn, seed: 9 }, more)).toEqual(alone);
  });

  it('are the same with guesses', () => {
    const greedy = write(model, prompts, {});
    expect(write(model, prompts, { promptLookupNumTokens: 4 })).toEqual(greedy);
    expect(write(model, prompts, {}, { assistant: make('gpt2', 'bfloat16') })).toEqual(greedy);
  });
});

it('models in float32 keep a cache of their own', () => {
  expect(readsPages(make('gpt2', 'float32'))).toBe(false);
});
