import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { comparisonTable, renderSegments, wantsColour } from '../../src/cli/tokenizer-compare.ts';
import { tslmHere } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const text = place('text.txt');

beforeAll(() => {
  writeFileSync(text, 'the cat sat on the mat\nthe dog sat on the log\n今天天气很好\n'.repeat(20));
});

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await tslmHere([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

describe('train, encode, inspect and compare', () => {
  const sizes = { bpe: 300, wordpiece: 60, unigram: 50, 'llama-bpe': 320, wordlevel: 12, char: 30 };

  it.each(Object.entries(sizes))('%s', async (kind, size) => {
    const out = place(kind);
    const trained = await json('tokenizer', 'train', text, '--kind', kind, '--vocab-size', String(size), '--out', out);
    expect(trained.vocabSize).toBeLessThanOrEqual(size);
    const { tokens } = await json('tokenizer', 'encode', out, 'the cat', '--no-special');
    expect(tokens.join('').replaceAll(/[Ġ▁ ]|##/g, '')).toBe('thecat');
    const inspected = await json('tokenizer', 'inspect', out);
    const model =
      { wordpiece: 'WordPiece', unigram: 'Unigram', wordlevel: 'WordLevel', char: 'WordLevel' }[kind] ?? 'BPE';
    expect(inspected.components.model).toBe(model);
  });

  it('train again like another tokenizer', async () => {
    const out = place('like');
    await json('tokenizer', 'train', text, '--like', place('wordpiece'), '--vocab-size', '50', '--out', out);
    const { tokens } = await json('tokenizer', 'encode', out, 'THE');
    expect([tokens[0], tokens.at(-1)]).toEqual(['[CLS]', '[SEP]']);
  });

  it('compare on a text: numbers, and cuts without control characters in a pipe', async () => {
    const { tokenizers } = await json('tokenizer', 'compare', place('bpe'), place('char'), '--string', 'the 猫');
    expect(tokenizers[1]).toMatchObject({ tokens: 5, tokensPerCharacter: 1, unknown: 1, coverage: 0.8 });
    const { stdout } = await tslmHere(['tokenizer', 'compare', place('bpe'), place('char'), '--string', 'the 猫']);
    expect(stdout).toMatch(/tokens a character .* 1\.000/);
    expect(stdout).toContain('t|h|e|␣|[猫]');
    expect(stdout).not.toContain('\x1b');
  });

  it.each([
    [['compare', 'bpe'], 2, /nothing to compare/],
    [['train', 'text.txt', '--kind', 'unigram', '--split', 'gpt2', '--out', 'new'], 2, /'split' means nothing/],
  ] as const)('%j is refused', async (args, code, message) => {
    const [command, file, ...others] = args;
    const refused = await tslmHere(['tokenizer', command, place(file), ...others]);
    expect(refused.code).toBe(code);
    expect(refused.stderr).toMatch(message);
  });
});

describe('segments', () => {
  const segments = [
    { id: 1, token: 'a', text: 'a b', unknown: false },
    { id: 0, token: '<unk>', text: '中', unknown: true },
    { id: 2, token: '<0x80>', text: '', unknown: false },
  ];

  it('have plain marks, or colours that take turns', () => {
    expect(renderSegments(segments, false)).toBe('a␣b|[中]|·');
    expect(renderSegments(segments, true)).toBe(
      '\x1b[30;48;5;153ma␣b\x1b[0m\x1b[30;48;5;203m中\x1b[0m\x1b[30;48;5;157m·\x1b[0m',
    );
  });

  it('are coloured on a terminal only, and not with NO_COLOR', () => {
    expect(wantsColour({ isTTY: true }, {})).toBe(true);
    expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(wantsColour({}, {})).toBe(false);
  });
});

it('the table has a column for each tokenizer', () => {
  const score = {
    ...{ vocabSize: 10, used: 5, tokens: 3, tokensPerCharacter: 0.5, tokensPerWord: 1.5, bytesPerToken: 2 },
    ...{ coverage: 1, unknown: 0, fallbackBytes: 0 },
    scripts: { Latin: { vocabulary: 7, characters: 6, tokens: 3 } },
  };
  const lines = comparisonTable(['first', 'second'], [score, { ...score, tokens: 4, scripts: {} }]);
  expect(lines[0].trim().split(/\s+/)).toEqual(['first', 'second']);
  expect(lines.find(line => line.startsWith('tokens '))).toMatch(/3 +4$/);
  expect(lines.at(-1)).toMatch(/^ {2}Latin +3 {2}0\.500 {2}7 +0 {2}– {2}0$/);
});
