import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { comparisonTables, shortNames, wantsColour } from '../../../src/cli/tokenizer/compare.ts';
import { segmentLines } from '../../../src/cli/tokenizer/segments.ts';
import { tslmHere } from '../../helpers/cli.ts';
import { scratchFolder } from '../../support/scratch.ts';

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
    expect(stdout).toMatch(/^char \(5\) +t\|h\|e\|␣\|\[猫\]$/m);
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
  const one = [
    { id: 1, token: 'a', start: 0, text: 'a b', unknown: false },
    { id: 0, token: '<unk>', start: 3, text: '中', unknown: true },
    { id: 2, token: '<0x80>', start: 3, text: '', unknown: false },
  ];
  // The space is in no token.
  const two = [
    { id: 1, token: 'a', start: 0, text: 'a', unknown: false },
    { id: 3, token: 'b', start: 2, text: 'b', unknown: false },
    { id: 4, token: '中', start: 3, text: '中', unknown: false },
  ];
  const cuts = [
    { name: 'one', segments: one },
    { name: 'second', segments: two },
  ];

  it('stand in the same columns, with plain marks', () => {
    expect(segmentLines('a b中', cuts)).toEqual(['one (3)     a␣ b|[中]|·', 'second (3)  a |b|中']);
  });

  it('have colours that take turns', () => {
    expect(segmentLines('a b中', cuts.slice(0, 1), { colour: true })).toEqual([
      `one (3)  ${['153ma', '153m␣', '153mb', '203m中', '157m·'].map(part => `\x1b[30;48;5;${part}\x1b[0m`).join('')}`,
    ]);
  });

  it('go on in the next lines where a line is full', () => {
    const lines = segmentLines('a b中', cuts, { columns: 14 });
    expect(lines).toEqual([
      'one (3)     a␣',
      'second (3)  a',
      '',
      'one (3)      b',
      'second (3)  |b',
      '',
      'one (3)     |[中]|·',
      'second (3)  |中',
    ]);
  });

  it('are coloured on a terminal only, and not with NO_COLOR', () => {
    expect(wantsColour({ isTTY: true }, {})).toBe(true);
    expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(wantsColour({}, {})).toBe(false);
  });
});

it('the tables have a column for each tokenizer, and a row for it in each script', () => {
  const score = {
    ...{ vocabSize: 10, used: 5, tokens: 3, tokensPerCharacter: 0.5, tokensPerWord: 1.5, bytesPerToken: 2 },
    ...{ coverage: 1, unknown: 0, fallbackBytes: 0 },
    scripts: { Latin: { vocabulary: 7, characters: 6, words: 2, tokens: 3, unknown: 1, uncovered: 3 } },
  };
  const lines = comparisonTables(['first', 'second'], [score, { ...score, tokens: 4, scripts: {} }]);
  expect(lines[0].trim().split(/\s+/)).toEqual(['first', 'second']);
  expect(lines.find(line => line.startsWith('tokens '))).toMatch(/3 +4$/);
  expect(lines.slice(-3).map(line => line.trim().split(/ +/))).toEqual([
    ['Latin'],
    ['first', '3', '0.500', '1.50', '50.0%', '1', '7'],
    ['second', '0', '–', '–', '–', '0', '0'],
  ]);
});

it('tokenizers are named by the last part of their paths where that tells them apart', () => {
  expect(shortNames(['x/a', 'y/b/tokenizer.json', 'z/c/'])).toEqual(['a', 'b', 'c']);
  expect(shortNames(['x/a', 'y/a'])).toEqual(['x/a', 'y/a']);
});
