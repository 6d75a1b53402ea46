import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readArpa } from '../../src/ngram/arpa-read.ts';
import type { NgramModel } from '../../src/ngram/model.ts';
import { Lexicon } from '../../src/ngram/text.ts';
import { trainNgram } from '../../src/ngram/train.ts';
import { forEachNgram } from '../../src/ngram/trie.ts';
import { describeShared } from '../helpers/shared.ts';

// What KenLM computed: test/fixtures/ngram/README.md.
const FIXTURES = 'test/fixtures/ngram';
const golden: Golden = JSON.parse(readFileSync(`${FIXTURES}/golden.json`, 'utf8'));
interface Golden {
  house: Record<string, { sentences: number[]; perplexity: number; tokens: number }>;
  'wikitext-2': {
    order: number;
    prune: number[];
    ngrams: number[];
    discounts: number[][];
    perplexity: number;
    tokens: number;
  }[];
}
const houseText = readFileSync(`${FIXTURES}/house.txt`, 'utf8');
const heldOut = readFileSync(`${FIXTURES}/held-out.txt`, 'utf8');

/** n-gram → [log10 probability, log10 backoff], as the lines of an ARPA file. */
function table({ trie, vocabulary }: NgramModel, words: readonly string[]): Map<string, [number, number]> {
  const entries = new Map<string, [number, number]>();
  trie.forEach(({ logProbs, logBackoffs }, i) => {
    forEachNgram(trie, i + 1, (node, ngram) => {
      // KenLM writes a probability of 1 for <s>, which is never predicted.
      const logProb = i === 0 && node === vocabulary.start ? 0 : logProbs[node] / Math.LN10;
      entries.set(Array.from(ngram, id => words[id]).join(' '), [logProb, (logBackoffs[node] ?? 0) / Math.LN10]);
    });
  });
  return entries;
}

function tableOfFile(path: string): Map<string, [number, number]> {
  const fields = readFileSync(path, 'utf8')
    .split('\n')
    .map(line => line.split('\t'))
    .filter(({ length }) => length > 1);
  return new Map(fields.map(([logProb, ngram, backoff]) => [ngram, [Number(logProb), Number(backoff ?? 0)]]));
}

function trainOn(text: string, options: Parameters<typeof trainNgram>[2]) {
  const lexicon = new Lexicon('words');
  const tokens = lexicon.encode(text, { grow: true });
  return { lexicon, ...trainNgram(tokens, lexicon.vocabulary, options) };
}

describe.each([
  ['house-4.arpa', { order: 4 }],
  ['house-3-pruned.arpa', { order: 3, prune: [0, 0, 1] }],
] as const)('%s', (file, options) => {
  const trained = trainOn(houseText, options);

  test('every probability and backoff weight is that of lmplz', () => {
    const expected = tableOfFile(`${FIXTURES}/${file}`);
    const actual = table(trained.model, trained.lexicon.words);
    expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [ngram, [logProb, backoff]] of expected) {
      expect(actual.get(ngram)![0], ngram).toBeCloseTo(logProb, 5);
      expect(actual.get(ngram)![1], ngram).toBeCloseTo(backoff, 5);
    }
  });

  test('held-out lines score as in query, trained here or read from the file', () => {
    for (const { model, lexicon } of [trained, readArpa(`${FIXTURES}/${file}`)]) {
      const lines = heldOut.split('\n').slice(0, -1);
      const scores = lines.map(line => model.score(lexicon.encode(`${line}\n`)).logProb / Math.LN10);
      for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(golden.house[file].sentences[i], 4);
    }
  });

  test('the report says which discounts are the fallback', () => {
    expect(trained.report.map(level => level.fallback)).toEqual(
      file === 'house-4.arpa' ? [true, true, false, true] : [true, true, true],
    );
  });
});

test('perplexity of a text with an unknown word', () => {
  const { model, lexicon } = trainOn(houseText, { order: 4 });
  const tokens = lexicon.encode(heldOut);
  expect(tokens.length).toBe(golden.house['house-4.arpa'].tokens);
  expect(model.perplexity(tokens)).toBeCloseTo(golden.house['house-4.arpa'].perplexity, 3);
});

describeShared('data/wikitext-2', 'wikitext-2', wikitext => {
  const read = (name: string) =>
    gunzipSync(readFileSync(`${wikitext}/${name}.txt.gz`))
      .toString()
      .replaceAll('<unk>', 'unk');

  test.each(golden['wikitext-2'])('order $order, pruned at $prune', ({
    order,
    prune,
    ngrams,
    discounts,
    perplexity,
    tokens,
  }) => {
    const { model, lexicon, report } = trainOn(read('train'), { order, prune });
    expect(report.map(level => level.ngrams)).toEqual(ngrams);
    for (const [i, level] of report.entries()) {
      for (const [j, discount] of level.discounts.entries()) expect(discount).toBeCloseTo(discounts[i][j], 5);
    }
    const valid = lexicon.encode(read('valid'));
    expect(valid.length).toBe(tokens);
    expect(model.perplexity(valid)).toBeCloseTo(perplexity, 3);
  });
});
