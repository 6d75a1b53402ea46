import { describe, expect, it } from 'vitest';
import { classifyTokens } from '../../src/tasks/token-classification.ts';
import { errorOf } from '../data/helpers.ts';
import { alone, softmax, tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();
const id2label = { 0: 'O', 1: 'B-PER', 2: 'I-PER', 3: 'B-LOC' };
const tagger = () => tinyModel('bert', 'BertForTokenClassification', { id2label });
const text = '🙂 Unhappily Ann met Lee in Paris.';

describe('token classification', () => {
  it('labels every token that is not special, with its place in the text', () => {
    using model = tagger();
    const { entities, tokens } = classifyTokens(model, tokenizer, text, { ignoreLabels: [] });
    const encoding = tokenizer.encode(text);
    const logits = alone(model, encoding.ids).logits!.toArray() as number[][][];
    expect(tokens).toBe(encoding.length);
    expect(entities.map(({ index }) => index)).toEqual([...encoding.ids.keys()].slice(1, -1));
    for (const { index, label, score, word, start, end } of entities) {
      const probabilities = softmax(logits[0][index!]);
      expect(score).toBeCloseTo(Math.max(...probabilities), 5);
      expect(label).toBe(Object.values(id2label)[probabilities.indexOf(Math.max(...probabilities))]);
      const written = [...text].slice(start, end).join('');
      expect(word).toBe(encoding.tokens[index!] === '[UNK]' ? written : encoding.tokens[index!]);
    }
    const [{ label }] = entities;
    const others = entities.filter(entity => entity.label !== label).length;
    expect(classifyTokens(model, tokenizer, text, { ignoreLabels: [label] }).entities).toHaveLength(others);
  });

  it('joins tokens of a word and words of an entity', () => {
    using model = tagger();
    const options = { ignoreLabels: [], aggregation: 'first' } as const;
    const { entities } = classifyTokens(model, tokenizer, text, options);
    const characters = [...text];
    expect(entities.length).toBeGreaterThan(0);
    for (const { word, start, end } of entities) {
      const written = characters.slice(start, end).join('').toLowerCase();
      expect(word.toLowerCase().replaceAll(' ', '')).toBe(written.replaceAll(' ', ''));
    }
    // `unhappily` is unknown and `unloving` is three tokens: one word either way.
    const words = classifyTokens(model, tokenizer, 'unloving', options).entities.map(({ word }) => word);
    expect(words).toEqual(['unloving']);
  });

  it('reads a long text in parts', async () => {
    using model = tagger();
    const long = 'ann met lee in paris . the dog sat on a mat in berlin . '.repeat(5).trim();
    const options = { aggregation: 'simple', ignoreLabels: [] } as const;
    const refused = await errorOf(() => classifyTokens(model, tokenizer, long, options));
    expect(refused).toMatchObject({ code: 'TSLM_TOO_LONG', message: 'input 1 has 77 tokens, and the model reads 40' });
    const cut = classifyTokens(model, tokenizer, long, { ...options, truncate: true });
    const whole = classifyTokens(model, tokenizer, long, { ...options, stride: 8 });
    expect(cut.tokens).toBe(40);
    expect(whole.tokens).toBeGreaterThan(70);
    expect(cut.entities.at(-1)!.end).toBeLessThan(long.length / 1.5);
    expect(whole.entities.at(-1)!.end).toBe(long.length);
    const places = whole.entities.map(({ start, end }) => [start, end]);
    for (const [i, [start]] of places.entries()) if (i > 0) expect(start).toBeGreaterThanOrEqual(places[i - 1][1]);
    const error = await errorOf(() => classifyTokens(model, tokenizer, long, { stride: 8 }));
    expect(error).toMatchObject({ code: 'TSLM_CONTRADICTION' });
  });
});
