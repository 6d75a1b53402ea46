import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import { generateText, streamText } from '../../src/generate/text.ts';
import { createModel } from '../../src/models/auto.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { memoryStats, noGrad } from '../../src/torch/index.ts';

const tokenizer = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_gpt2');
const sizes = { layers: 1, hidden: 16, heads: 2, context: 64, vocabSize: tokenizer.vocabSize };
const model = createModel('gpt2', sizes, { seed: 1 });
noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(20))));

const prompts = ['The river rose', '今天天气', 'a', 'café 🎉'];
const sample = (seed: number, more: GenerationOptions = {}) =>
  resolveGenerationConfig({ doSample: true, seed, maxNewTokens: 40, topK: 0, temperature: 3, ...more });
const isWhole = (text: string): boolean =>
  !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

describe('streamText', () => {
  it('gives piece by piece what generateText gives at once, and what the ids decode to', () => {
    for (let seed = 0; seed < 5; seed++) {
      const streamed = prompts.map(() => '');
      for (const { row, text } of streamText(model, tokenizer, prompts, sample(seed))) streamed[row] += text;
      const whole = generateText(model, tokenizer, prompts, sample(seed));
      expect(streamed).toEqual(whole.map(({ text }) => text));
      for (const { text, ids, stop } of whole) {
        expect(text).toBe(tokenizer.decode(ids, { skipSpecialTokens: true }));
        expect(stop).toBe('maxLength');
      }
    }
  });

  it('never shows a part of a character', () => {
    // More tokens than characters.
    const ids = tokenizer.encode('🦜漢').ids;
    expect(ids.length).toBeGreaterThan(2);
    let next = 0;
    const pieces: string[] = [];
    const config = resolveGenerationConfig({ maxNewTokens: ids.length });
    const forced = { prefixAllowedTokens: () => [ids[next++]] };
    for (const { text } of streamText(model, tokenizer, ['x'], config, forced)) pieces.push(text);
    expect(pieces.length).toBe(ids.length);
    expect(pieces.filter(piece => piece !== '').every(piece => isWhole(piece) && !piece.includes('\ufffd'))).toBe(true);
    expect(pieces.join('')).toBe('🦜漢');
    expect(pieces[0]).toBe('');
  });

  it('ends an unfinished character with U+FFFD, once the text is over', () => {
    const [first] = tokenizer.encode('🎉').ids;
    const config = resolveGenerationConfig({ maxNewTokens: 1 });
    const [{ text }] = generateText(model, tokenizer, ['x'], config, { prefixAllowedTokens: () => [first] });
    expect(text).toBe(tokenizer.decode([first]));
    expect(text).toBe('\ufffd');
  });

  it.each([1, 2])('stops at a special token that a stop string names, with %i beams', numBeams => {
    const end = tokenizer.tokenToId('<|endoftext|>')!;
    const script = [...tokenizer.encode('ab\n').ids, end, ...tokenizer.encode('cd').ids];
    const forced = { prefixAllowedTokens: (ids: ArrayLike<number>) => [script[ids.length - 1] ?? end] };
    const [one] = tokenizer.encode('x').ids;
    expect(tokenizer.encode('x').ids).toEqual([one]);
    for (const [stop, text] of [
      ['<|endoftext|>', 'ab\n'],
      ['b\n<|endoftext|>', 'a'],
      ['<|endoftext|>c', 'ab\n'],
    ]) {
      const config = resolveGenerationConfig({ maxNewTokens: 12, stopStrings: [stop], numBeams });
      const [result] = generateText(model, tokenizer, ['x'], config, forced);
      expect(result).toMatchObject({ text, stop: 'stopString' });
    }
  });

  it('frees everything when it is left early', () => {
    const before = memoryStats();
    for (const { token } of streamText(model, tokenizer, prompts, sample(1))) if (token.row === 2) break;
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });
});

describe('stop strings', () => {
  it('never leak, not even in part, wherever tokens cut them', () => {
    let stopped = 0;
    for (let seed = 0; seed < 12; seed++) {
      const free = generateText(model, tokenizer, prompts, sample(seed));
      // Stops from inside the text that would come: across tokens as often as not.
      const stops = free.map(({ text }) => text.slice(7, 10)).filter(text => text.length === 3);
      const config = sample(seed, { stopStrings: stops });
      const pieces = prompts.map((): string[] => []);
      const ends = new Map<number, string>();
      for (const { row, text, token } of streamText(model, tokenizer, prompts, config)) {
        pieces[row].push(text);
        if (token.stop) ends.set(row, token.stop);
      }
      for (const [row, { text }] of free.entries()) {
        const cuts = stops.map(stop => ({ start: text.indexOf(stop), end: text.indexOf(stop) + stop.length }));
        const first = cuts.filter(({ start }) => start >= 0).sort((a, b) => a.end - b.end || a.start - b.start)[0];
        expect(pieces[row].join('')).toBe(first ? text.slice(0, first.start) : text);
        if (first) stopped++;
        if (first) expect(ends.get(row)).toMatch(/stopString|maxLength/);
        else expect(ends.get(row)).toBe('maxLength');
      }
    }
    expect(stopped).toBeGreaterThan(20);
  });

  it('end the row at the token that completes them', () => {
    const ids = tokenizer.encode('one STOP two').ids;
    let next = 0;
    const config = resolveGenerationConfig({ maxNewTokens: ids.length, stopStrings: ['STOP'] });
    const [result] = generateText(model, tokenizer, ['x'], config, { prefixAllowedTokens: () => [ids[next++]] });
    expect(result).toMatchObject({ text: 'one ', stop: 'stopString', prompt: 'x' });
    expect(result.ids.length).toBeLessThan(ids.length);
    expect(tokenizer.decode(result.ids)).toContain('STOP');
  });

  it('hold back what turns out to be none', () => {
    const ids = tokenizer.encode('one STO').ids;
    let next = 0;
    const config = resolveGenerationConfig({ maxNewTokens: ids.length, stopStrings: ['STOP'] });
    const [result] = generateText(model, tokenizer, ['x'], config, { prefixAllowedTokens: () => [ids[next++]] });
    expect(result).toMatchObject({ text: 'one STO', stop: 'maxLength' });
  });
});

describe('with beams', () => {
  const beams = (more: GenerationOptions = {}) =>
    resolveGenerationConfig({ numBeams: 4, numReturnSequences: 3, maxNewTokens: 12, ...more });

  it('gives several texts a prompt, best first, and streams them at the end', () => {
    const texts = generateText(model, tokenizer, prompts, beams());
    expect(texts.map(({ prompt }) => prompt)).toEqual(prompts.flatMap(prompt => [prompt, prompt, prompt]));
    for (const [i, { text, ids, score, stop }] of texts.entries()) {
      expect(text).toBe(tokenizer.decode(ids, { skipSpecialTokens: true }));
      expect([ids.length, stop]).toEqual([12, 'maxLength']);
      expect(score).toBeLessThanOrEqual(i % 3 === 0 ? 0 : texts[i - 1].score!);
    }
    const streamed = texts.map(() => '');
    for (const { row, text } of streamText(model, tokenizer, prompts, beams())) streamed[row] += text;
    expect(streamed).toEqual(texts.map(({ text }) => text));
  });

  it('ends a hypothesis at a stop string, which the text does not show', () => {
    const [{ text: free }] = generateText(model, tokenizer, [prompts[0]], beams());
    const stop = free.slice(4, 7);
    const texts = generateText(model, tokenizer, [prompts[0]], beams({ stopStrings: stop, earlyStopping: 'never' }));
    const stopped = texts.filter(result => result.stop === 'stopString');
    expect(stopped.length).toBeGreaterThan(0);
    for (const { text, ids } of stopped) {
      const whole = tokenizer.decode(ids, { skipSpecialTokens: true });
      expect(text).toBe(whole.slice(0, whole.indexOf(stop)));
      expect(tokenizer.decode(ids.slice(0, -1), { skipSpecialTokens: true })).not.toContain(stop);
    }
    for (const { text } of texts) expect(text).not.toContain(stop);
  });
});

describe('generateText', () => {
  it('gives prompts of a batch what they get alone, from their own seeds', () => {
    const greedy = resolveGenerationConfig({ maxNewTokens: 12 });
    const together = generateText(model, tokenizer, prompts, greedy);
    for (const [row, prompt] of prompts.entries()) {
      expect(generateText(model, tokenizer, [prompt], greedy)[0]).toEqual(together[row]);
      const seeded = generateText(model, tokenizer, [prompt], sample(7 + row))[0];
      expect(seeded).toEqual(generateText(model, tokenizer, prompts, sample(7))[row]);
    }
  });

  it('stops at the end token and leaves special tokens out of the text', () => {
    const special = tokenizer.encode('<|endoftext|>').ids;
    expect(special.length).toBe(1);
    const config = resolveGenerationConfig({ maxNewTokens: 9, eosTokenId: special[0] });
    const script = [...tokenizer.encode('hi').ids, ...special];
    let next = 0;
    const [result] = generateText(model, tokenizer, ['x'], config, { prefixAllowedTokens: () => [script[next++]] });
    expect(result).toEqual({ prompt: 'x', text: 'hi', ids: script, stop: 'eos' });
  });

  it('refuses an empty prompt', () => {
    expect(() => generateText(model, tokenizer, ['x', ''], sample(1))).toThrow(
      expect.objectContaining({ code: 'TSLM_EMPTY_PROMPT', message: 'prompt 2 has no tokens' }),
    );
  });
});
