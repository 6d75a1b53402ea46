/**
 * Vocabularies and merges that Hugging Face's trainers made of a short text, with their options. Where the trainers number
 * symbols in the order of a hash map, the recordings give these symbols as special tokens, in the order used here.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { trainCharacterBpe } from '../../../src/tokenizers/training/character-bpe.ts';
import { countWords } from '../../../src/tokenizers/training/count-words.ts';
import { trainUnigram } from '../../../src/tokenizers/training/unigram/trainer.ts';
import { trainWordLevel, wordStrings } from '../../../src/tokenizers/training/word-level.ts';
import type { WordCounts } from '../../../src/tokenizers/training/word-table.ts';

interface Case {
  name: string;
  normalizer: object | null;
  pre_tokenizer: object;
  options: { vocabSize: number; specialTokens: string[] };
  vocab: Record<string, number> | [string, number][];
  merges: [string, string][] | null;
}

const { text, cases } = JSON.parse(readFileSync('test/fixtures/tokenizers/training.json', 'utf8')) as {
  text: string;
  cases: Case[];
};

const count = ({ normalizer, pre_tokenizer: preTokenizer }: Case): Promise<WordCounts> =>
  countWords(text.match(/.*\n/g)!, { split: { normalizer, preTokenizer, lines: false }, threads: 1 });

const named = (pattern: RegExp): Case[] => cases.filter(({ name }) => pattern.test(name));

it.each(named(/^(?!Unigram|Word)/))('byte pair encoding: $name', async golden => {
  const { vocab, merges } = trainCharacterBpe(await count(golden), { minFrequency: 0, ...golden.options });
  expect(merges).toEqual(golden.merges);
  expect(vocab).toEqual(golden.vocab);
});

it('WordPiece', async () => {
  const [golden] = named(/^WordPiece/);
  const { vocab } = trainCharacterBpe(await count(golden), { minFrequency: 0, ...golden.options });
  expect(vocab).toEqual(golden.vocab);
});

it.each(named(/^WordLevel/))('$name', async golden => {
  const vocab = trainWordLevel(await count(golden), { minFrequency: 0, ...golden.options });
  expect(vocab).toEqual(golden.vocab);
});

describe('unigram', () => {
  const train = async (golden: Case) => {
    const counts = await count(golden);
    const specialTokens = ['<pad>', '</s>', '<unk>'];
    return { counts, vocab: await trainUnigram(counts, { ...golden.options, specialTokens }) };
  };

  it.each(named(/^Unigram.*(?:unpruned|short)/))('$name: the same pieces and probabilities', async golden => {
    const want = new Map(golden.vocab as [string, number][]);
    const { vocab } = await train(golden);
    expect(vocab.map(([token]) => token).sort()).toEqual([...want.keys()].sort());
    const scores = vocab.map(([, score]) => score);
    // Characters that have lost their piece are numbered in the order of a hash map, 0.0001 apart.
    for (const [token, score] of vocab) expect(Math.abs(score - want.get(token)!), token).toBeLessThan(0.005);
    for (const [token, score] of vocab.filter(([, score]) => score > Math.min(...scores) + 0.01)) {
      expect(score, token).toBeCloseTo(want.get(token)!, 5);
    }
  });

  it.each(named(/^Unigram.*(?:, pruned|slowly)/))('$name: as many pieces, as probable a text', async golden => {
    const want = golden.vocab as [string, number][];
    const { counts, vocab } = await train(golden);
    expect(vocab).toHaveLength(want.length);
    expect(vocab.slice(0, 3)).toEqual(want.slice(0, 3));
    const known = new Set(want.map(([token]) => token));
    expect(vocab.filter(([token]) => known.has(token)).length / want.length).toBeGreaterThan(0.9);
    const [ours, theirs] = [vocab, want].map(pieces => logLikelihood(counts, new Map(pieces)));
    expect(Math.abs(ours / theirs - 1)).toBeLessThan(0.005);
  });
});

/** Log probability of a text per token of its most probable segmentation, the naive way. */
function logLikelihood(counts: WordCounts, scores: Map<string, number>): number {
  let total = 0;
  let tokens = 0;
  for (const [word, text] of wordStrings(counts).entries()) {
    const chars = [...text];
    const best = [{ score: 0, tokens: 0 }];
    for (let end = 1; end <= chars.length; end++) {
      best[end] = { score: Number.NEGATIVE_INFINITY, tokens: 0 };
      for (let start = 0; start < end; start++) {
        const score = scores.get(chars.slice(start, end).join(''));
        if (score === undefined || best[start].score + score <= best[end].score) continue;
        best[end] = { score: best[start].score + score, tokens: best[start].tokens + 1 };
      }
    }
    total += counts.counts[word] * best[chars.length].score;
    tokens += counts.counts[word] * best[chars.length].tokens;
  }
  return total / tokens;
}
