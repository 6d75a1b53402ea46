/** What holds for every text: bytes come back, and offsets point at what a token was made of. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BYTE_TO_CHAR } from '../../src/tokenizers/byte-alphabet.ts';
import type { Encoding } from '../../src/tokenizers/encode/encoding.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { type Json, PIPELINES } from './pipelines.ts';
import { anyText } from './texts.ts';

const numRuns = process.env.TSLM_LONG ? 240 : 80;

/** Byte-level pipelines that drop and add nothing. */
const LOSSLESS = [
  'GPT-2',
  'Llama 3',
  'GPT-4o',
  'possessive quantifiers',
  'DeepSeek',
  'whole words first',
  'digits, punctuation and bytes',
  'inverted split merged with what is before',
  'contiguous literal',
];

describe.each(LOSSLESS)('%s', name => {
  const tokenizer = Tokenizer.fromJSON(PIPELINES[name]);

  it('gives every text back', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' })), text => {
        expect(tokenizer.decode(tokenizer.encodeIds(text))).toBe(text);
        expect(tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }).ids)).toBe(text);
        const stream = tokenizer.decodeStream();
        expect(Array.from(tokenizer.encodeIds(text), id => stream.push(id)).join('') + stream.end()).toBe(text);
      }),
      { numRuns },
    );
  });
});

const CHAR_TO_BYTE = new Map(BYTE_TO_CHAR.map((char, byte) => [char, byte]));

/** What normalizers may change, left out. */
const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\p{M}\p{White_Space}\p{C}▁«\ufffd]/gu, '');

/** Whether a token was made of this part of the text. */
function comesFrom(token: string, part: string, isByteLevel: boolean): boolean {
  const forms = [
    part,
    ...['NFC', 'NFKC', 'NFKD'].map(form => part.normalize(form)),
    part.normalize('NFKD').toLowerCase(),
    // SentencePiece's table composes a character by itself, whatever marks follow it.
    Array.from(part, char => char.normalize('NFKC')).join(''),
  ];
  // What Prepend and add_prefix_space put before a text belongs to its first character.
  const isInBytes = (bytes: Uint8Array): boolean =>
    forms.some(form => Buffer.from(`« ${form} `).includes(Buffer.from(bytes)));
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
  if (byte) return isInBytes(Uint8Array.of(Number.parseInt(byte[1], 16)));
  if (isByteLevel && [...token].every(char => CHAR_TO_BYTE.has(char))) {
    const bytes = Uint8Array.from(token, char => CHAR_TO_BYTE.get(char)!);
    return isInBytes(bytes) || folded(part).includes(folded(Buffer.from(bytes).toString('utf8')));
  }
  return folded(part).includes(folded(token.replace(/^##|^\+(?=.)/, '').replace('</w>', '')));
}

/**
 * As the native library does, normalizers place what they compose at the first of its characters, and are out of step
 * after a first character that they remove: texts for them hold neither.
 */
const composed = (text: string): string =>
  text
    .replace(/(?![\t\n\r])[\p{C}\ufffd]/gu, '')
    .normalize('NFC')
    .replace(/(?<![\p{L}\p{M}])\p{M}+/gu, '');

/** Delimiters of `CharDelimiterSplit` are in no token. */
const DROPPED: Record<string, string> = { 'WordPiece with another prefix, split by length': 'e' };

function expectOffsets(encoding: Encoding, text: string, json: Json, dropped: string | undefined): void {
  const unknown = json.model.unk_token ?? json.model.vocab[json.model.unk_id]?.[0];
  const characters = [...text];
  const isByteLevel = JSON.stringify(json.model.vocab).includes('"Ġ"');
  const covered = new Set<number>();
  let [lastStart, lastEnd] = [0, 0];
  for (const [i, [start, end]] of encoding.offsets.entries()) {
    if (encoding.specialTokensMask[i] === 1) {
      expect([start, end]).toEqual([0, 0]);
      continue;
    }
    expect(start).toBeGreaterThanOrEqual(lastStart);
    expect(end).toBeGreaterThanOrEqual(Math.max(start, lastEnd));
    expect(end).toBeLessThanOrEqual(characters.length);
    [lastStart, lastEnd] = [start, end];
    const part = characters.slice(start, end).join('');
    const token = encoding.tokens[i];
    const place = `${JSON.stringify(token)} at ${start}–${end}, ${JSON.stringify(part)}`;
    if (token !== unknown) expect(comesFrom(token, part, isByteLevel), place).toBe(true);
    for (let at = start; at < end; at++) covered.add(at);
  }
  const lost = characters.filter((char, at) => !covered.has(at) && !['', dropped].includes(folded(char)));
  expect(lost).toEqual([]);
}

describe.each(Object.entries(PIPELINES))('the offsets of %s', (name, json) => {
  const tokenizer = Tokenizer.fromJSON(json);
  const isTrimmed = json.pre_tokenizer?.add_prefix_space && json.post_processor?.trim_offsets;
  // Of the space that is put behind an added token, the native library takes off the length, too.
  const given = isTrimmed ? anyText.filter(text => !text.includes('<|endoftext|>')) : anyText;
  const texts = json.normalizer ? given.map(composed) : given;

  it('point at their tokens, in order, and leave no visible character out', () => {
    fc.assert(
      fc.property(texts, text => expectOffsets(tokenizer.encode(text), text, json, DROPPED[name])),
      { numRuns },
    );
  });
});
