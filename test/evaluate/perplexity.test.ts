import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCorpus } from '../../src/data/corpus/corpus.ts';
import type { CorpusSplit } from '../../src/data/corpus/corpus-split.ts';
import { type PerplexityOptions, perplexity } from '../../src/evaluate/perplexity.ts';
import { createModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { inferenceMode, scope, tensor } from '../../src/torch/index.ts';
import { EOS, tinyCorpus, VOCAB_SIZE } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const CONTEXT = 8;
const folder = scratchFolder();
const texts = ['To be, or not', ' to be: that', ' is the', ' question — ça va?'];
const split = (shards = 1): CorpusSplit =>
  openCorpus(tinyCorpus(join(folder, `shards-${shards}`), { test: texts }, { shards })).split('test');

/** A model whose predictions depend on everything it sees: weights ten times as large as usual. */
const model = createModel(
  'gpt2',
  { layers: 2, hidden: 16, heads: 2, context: CONTEXT, vocabSize: VOCAB_SIZE },
  { seed: 3 },
);
scope(() =>
  inferenceMode(() => {
    for (const parameter of model.parameters()) if (parameter.dim === 2) parameter.mul_(10);
  }),
);
model.eval();

/** −log p(next | tokens), from one forward pass for this one prediction. */
const surprise = (network: Model, tokens: readonly number[], next: number): number =>
  scope(() =>
    inferenceMode(() => {
      const inputIds = tensor([tokens], { dtype: 'int64' });
      const { logits } = network.forward({ inputIds, logitsToKeep: 1 });
      const scores = logits!.toNumbers();
      const highest = Math.max(...scores);
      return Math.log(scores.reduce((sum, score) => sum + Math.exp(score - highest), 0)) + highest - scores[next];
    }),
  );

/** Token by token: a window that ends every `stride` predictions says how much of what came before is seen. */
function bruteForce(
  tokens: readonly number[],
  { context = CONTEXT, stride = CONTEXT / 2, startToken, packing, limit = Number.POSITIVE_INFINITY }: PerplexityOptions,
): { total: number; count: number } {
  const sequence = startToken == null ? [...tokens] : [startToken, ...tokens];
  const count = Math.min(sequence.length - 1, limit);
  let total = 0;
  for (let i = 0; i < count; i++) {
    let end = context;
    while (end < i + 1) end += stride;
    const document = packing === 'documents' ? sequence.lastIndexOf(EOS, i) : 0;
    const begin = Math.max(0, Math.min(end, count) - context, document);
    total += surprise(model, sequence.slice(begin, i + 1), sequence[i + 1]);
  }
  return { total, count };
}

describe('perplexity', () => {
  const whole = split();
  const tokens = [...whole.read(0, whole.tokens)];
  const cases: [string, PerplexityOptions][] = [
    ['the defaults', {}],
    ['a start token', { startToken: EOS }],
    ['windows side by side', { stride: CONTEXT }],
    ['windows side by side after a start token', { stride: CONTEXT, startToken: EOS }],
    ['a stride of one', { stride: 1, startToken: EOS }],
    ['a shorter context', { context: 5, stride: 3 }],
    ['one window at a time', { batchSize: 1, startToken: EOS }],
    ['documents apart', { startToken: EOS, packing: 'documents' }],
    ['documents apart, side by side, without a start', { stride: CONTEXT, packing: 'documents' }],
    ['a limit', { limit: 21, startToken: EOS }],
    ['a limit within the first window', { limit: 3 }],
    ['a limit beyond the end', { limit: 10_000 }],
  ];

  it.each(cases)('equals a loop over single tokens: %s', (_, options) => {
    const { total, count } = bruteForce(tokens, options);
    const result = perplexity(model, whole, options);
    expect(result.tokens).toBe(count);
    expect(Math.abs(result.loss - total / count)).toBeLessThan(1e-5);
    expect(result.perplexity).toBeCloseTo(Math.exp(result.loss), 10);
  });

  it('sees what came before: a longer context changes the loss', () => {
    expect(perplexity(model, whole, { stride: 1 }).loss).not.toBeCloseTo(
      perplexity(model, whole, { stride: 8 }).loss,
      3,
    );
  });

  it('is the same when windows cross the files of a corpus', () => {
    const parts = split(4);
    expect(parts.tokens).toBe(whole.tokens);
    expect(perplexity(model, parts, { startToken: EOS })).toEqual(perplexity(model, whole, { startToken: EOS }));
  });

  it('gives bits per UTF-8 byte of the text', () => {
    const bytes = Buffer.byteLength(texts.join(''));
    const result = perplexity(model, whole, { startToken: EOS });
    expect(result.bytes).toBe(bytes);
    expect(result.tokens).toBe(bytes + texts.length); // a token a byte, and one after each document
    expect(result.bitsPerByte).toBeCloseTo((result.loss * result.tokens) / Math.LN2 / bytes, 10);
  });

  it('leaves the model in evaluation mode and reports its progress', () => {
    const seen: number[] = [];
    const { tokens: predicted } = perplexity(model, whole, { onProgress: done => seen.push(done), batchSize: 2 });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(predicted);
  });

  it('puts the prefix of documents before every window, and does not predict it', () => {
    const BOS = 3;
    const documents = texts.map(text => [BOS, ...Buffer.from(text), EOS]);
    const all = documents.flat();
    const withPrefix = {
      tokens: all.length,
      documents: documents.length,
      bytes: 10,
      characters: 10,
      unknown: { tokens: 0, bytes: 0 },
      read: (offset: number, length: number) => Uint16Array.from(all.slice(offset, offset + length)),
      documentRange: (i: number) => {
        const start = documents.slice(0, i).flat().length;
        return { start, end: start + documents[i].length };
      },
    } as unknown as CorpusSplit;
    const starts = documents.map((_, i) => withPrefix.documentRange(i).start);
    for (const stride of [1, 3, CONTEXT]) {
      let total = 0;
      let count = 0;
      for (let at = 1; at < all.length; at++) {
        if (starts.includes(at)) continue;
        let end = CONTEXT + 1;
        while (end <= at) end += stride;
        end = Math.min(end, all.length);
        const begin = end - 1 - CONTEXT;
        const before = begin > 0 ? [BOS, ...all.slice(begin + 1, at)] : all.slice(0, at);
        total += surprise(model, before, all[at]);
        count++;
      }
      const result = perplexity(model, withPrefix, { stride, prefix: [BOS], startToken: EOS });
      expect(result.tokens).toBe(count);
      expect(Math.abs(result.loss - total / count)).toBeLessThan(1e-5);
    }
  });

  it('charges what unknown tokens stand for', () => {
    const { bitsPerByte, bitsPerCharacter, bytes, characters } = perplexity(model, whole);
    const unknown = { tokens: 2, bytes: 30 };
    const half = Object.assign(Object.create(whole) as CorpusSplit, { unknown });
    const charged = perplexity(model, half);
    expect(charged.unknown).toBe(2);
    expect((charged.bitsPerByte - bitsPerByte) * bytes).toBeCloseTo(32 * Math.log2(257), 6);
    expect(bitsPerCharacter * characters).toBeCloseTo(bitsPerByte * bytes, 6);
  });

  it('refuses what cannot be meant', () => {
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => perplexity(model, whole, { context: CONTEXT + 1 })).toThrow(code('TSLM_CONTEXT'));
    expect(() => perplexity(model, whole, { stride: CONTEXT + 1 })).toThrow(code('TSLM_STRIDE'));
    expect(() => perplexity(model, whole, { stride: 0 })).toThrow(code('TSLM_STRIDE'));
    const empty = openCorpus(tinyCorpus(join(folder, 'empty'), { test: [] })).split('test');
    expect(() => perplexity(model, empty)).toThrow(code('TSLM_EMPTY_SPLIT'));
  });
});
