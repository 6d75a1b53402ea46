/** Prompts for filling in the middle, and the text that comes out. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../../src/generate/config/generation-config.ts';
import { fillInTheMiddle } from '../../../src/generate/fill-in-the-middle/fill-in-the-middle.ts';
import { fimPrompt } from '../../../src/generate/fill-in-the-middle/fim-prompt.ts';
import { createModel } from '../../../src/models/auto.ts';
import { readJson } from '../../../src/support/files.ts';
import { fimTokens } from '../../../src/tokenizers/fim-tokens.ts';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { noGrad } from '../../../src/torch/index.ts';

/** A tokenizer with these tokens more; Qwen2.5-Coder does not call them special, the others do. */
function tokenizerWith(name: string, tokens: string[], special = true): Tokenizer {
  const folder = `test/fixtures/tokenizers/${name}`;
  const json = readJson(`${folder}/tokenizer.json`) as { added_tokens: object[] };
  const { vocabSize } = Tokenizer.fromFile(folder);
  const added = tokens.map((content, i) => ({
    id: vocabSize + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special,
  }));
  return Tokenizer.fromJSON(
    { ...json, added_tokens: [...json.added_tokens, ...added] },
    'tokenizer.json',
    readJson(`${folder}/tokenizer_config.json`),
  );
}

const families = {
  qwen: tokenizerWith(
    'byte_bpe_qwen2',
    ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|fim_pad|>', '<|file_sep|>'],
    false,
  ),
  starcoder: tokenizerWith('byte_bpe_gpt2', ['<fim_prefix>', '<fim_middle>', '<fim_suffix>', '<fim_pad>']),
  deepseek: tokenizerWith('byte_bpe_gpt2', ['<｜fim▁hole｜>', '<｜fim▁begin｜>', '<｜fim▁end｜>', '<|EOT|>']),
  codellama: tokenizerWith('bpe_llama', ['▁<PRE>', '▁<SUF>', '▁<MID>', '▁<EOT>']),
};
const gap = { prefix: 'def add(a, b):\n    ', suffix: '\n\nprint(add(1, 2))' };
const written = (tokenizer: Tokenizer, ids: ArrayLike<number>): string[] =>
  Array.from(ids, id => tokenizer.idToToken(id)!);

describe('the prompt', () => {
  it.each([
    ['qwen', '<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'],
    ['starcoder', '<fim_prefix>', '<fim_suffix>', '<fim_middle>'],
    ['deepseek', '<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'],
  ] as const)('of %s puts both texts between its tokens, in either order', (name, pre, suf, mid) => {
    const tokenizer = families[name];
    const text = tokenizer.encode(`${pre}${gap.prefix}${suf}${gap.suffix}${mid}`, { addSpecialTokens: false }).ids;
    expect(fimPrompt(tokenizer, gap)).toEqual(text);
    const suffixFirst = tokenizer.encode(`${pre}${suf}${gap.suffix}${mid}${gap.prefix}`, {
      addSpecialTokens: false,
    }).ids;
    expect(fimPrompt(tokenizer, gap, 'spm')).toEqual(suffixFirst);
  });

  it('of Code Llama begins with its start token, and puts a space before the prefix alone', () => {
    const tokenizer = families.codellama;
    const tokens = written(tokenizer, fimPrompt(tokenizer, { prefix: 'the cat', suffix: 'the dog' }));
    expect(tokens.slice(0, 2)).toEqual(['<s>', '▁<PRE>']);
    const [suf, mid] = ['▁<SUF>', '▁<MID>'].map(token => tokens.indexOf(token));
    expect(tokens.slice(2, suf).join('')).toBe('▁the▁cat');
    expect(tokens.slice(suf + 1, mid).join('')).toBe('the▁dog');
    expect(mid).toBe(tokens.length - 1);
    const spm = written(tokenizer, fimPrompt(tokenizer, { prefix: 'the cat', suffix: 'the dog' }, 'spm'));
    expect(spm.join('')).toBe('<s>▁<PRE>▁<SUF>the▁dog▁<MID>▁the▁cat');
  });

  it.each(
    Object.keys(families) as (keyof typeof families)[],
  )('of %s takes the tokens’ spellings in a text for text', name => {
    const tokenizer = families[name];
    const { prefix, suffix, middle, spellings } = fimTokens(tokenizer);
    const [pre, , mid] = spellings;
    const ids = fimPrompt(tokenizer, { prefix: `x = "${pre}"`, suffix: `${mid}${mid}y` });
    for (const id of [prefix, suffix, middle]) expect(ids.filter(other => other === id)).toHaveLength(1);
    const inside = ids.slice(ids.indexOf(suffix) + 1, -1);
    expect(tokenizer.decode(inside).replaceAll('▁', ' ').trim()).toBe(`${mid}${mid}y`.replaceAll('▁', ' ').trim());
  });

  it('of empty texts is the tokens alone', () => {
    const { prefix, suffix, middle } = fimTokens(families.qwen);
    expect(fimPrompt(families.qwen, { prefix: '', suffix: '' })).toEqual([prefix, suffix, middle]);
  });

  it('needs tokens for it', () => {
    const plain = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_gpt2');
    expect(() => fimPrompt(plain, gap)).toThrow(
      expect.objectContaining({ code: 'TSLM_NO_FIM_TOKENS', hint: expect.stringContaining('StarCoder') }),
    );
  });
});

describe('fillInTheMiddle', () => {
  it.each(
    Object.keys(families) as (keyof typeof families)[],
  )('with %s ends at its tokens and writes none of them', name => {
    const tokenizer = families[name];
    const sizes = { layers: 1, hidden: 8, heads: 2, context: 64, vocabSize: tokenizer.vocabSize };
    using model = createModel('gpt2', sizes, { seed: 1 });
    noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(20))));
    const { ends } = fimTokens(tokenizer);
    const short = { prefix: 'a b', suffix: 'c' };
    const fill = (options: object, more = {}) =>
      fillInTheMiddle(model, tokenizer, short, resolveGenerationConfig({ maxNewTokens: 8, ...options }), more);
    const [open] = fill({ suppressTokens: ends });
    expect(open.stop).toBe('maxLength');
    expect(open.ids).toHaveLength(8);
    expect(tokenizer.decode([...tokenizer.encodeIds('a'), ...open.ids])).toBe(`a${open.text}`);
    for (const end of ends) {
      // Whatever it would write, only this end is allowed after three tokens.
      const [middle] = fill({
        forcedEosTokenId: end,
        maxNewTokens: 4,
        suppressTokens: ends.filter(id => id !== end),
        minNewTokens: 3,
      });
      expect(middle).toMatchObject({ stop: 'eos', ids: open.ids.slice(0, 3) });
      expect(tokenizer.decode([...tokenizer.encodeIds('a'), ...middle.ids])).toBe(`a${middle.text}`);
    }
    const several = fill({ doSample: true, numReturnSequences: 3, seed: 1 }, { order: 'spm' });
    expect(several).toHaveLength(3);
  });
});
