/** Encodings told apart, beside texts that Python's codecs wrote. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { takeCensus } from '../../../src/support/encoding/census.ts';
import { decideEncoding } from '../../../src/support/encoding/decide.ts';
import { createDecoder } from '../../../src/support/encoding/decoder.ts';

const goldens = (
  JSON.parse(readFileSync('test/fixtures/encodings.json', 'utf8')) as {
    encoding: string;
    text: string;
    bytes: string;
  }[]
).map(golden => ({ ...golden, bytes: Buffer.from(golden.bytes, 'base64') }));
const named = (encoding: string) => goldens.find(golden => golden.encoding === encoding)!;

/** In pieces of a few bytes, which cut characters. */
async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const decide = async (bytes: Uint8Array, given?: string) => decideEncoding(await takeCensus(pieces(bytes)), given);

describe('an encoding', () => {
  it.each(goldens)('$encoding is detected, and reads as Python reads it', async ({ encoding, text, bytes }) => {
    const decision = await decide(bytes);
    expect(decision).toMatchObject({ encoding, by: 'detected', damaged: 0 });
    expect((decision as { confidence: number }).confidence).toBeGreaterThan(0.25);
    expect(createDecoder(encoding).decode(bytes)).toBe(text);
  });

  it.each(goldens)('$encoding is the same where it is asked for', async ({ encoding, bytes }) => {
    if (encoding !== 'iso-2022-jp') expect(await decide(bytes, encoding)).toMatchObject({ encoding, by: 'given' });
  });

  it.each(goldens)('is UTF-8 where every byte is, whatever is asked for ($encoding)', async ({ encoding, text }) => {
    expect(await decide(Buffer.from(text))).toEqual({ encoding: 'utf-8', by: 'valid', damaged: 0 });
    if (encoding.startsWith('utf-16')) return;
    expect(await decide(Buffer.from(text), encoding)).toMatchObject({ encoding: 'utf-8', by: 'valid' });
  });

  it('is that of the byte order mark', async () => {
    expect(await decide(Buffer.from('\ufeffhé'))).toMatchObject({ encoding: 'utf-8', by: 'mark' });
    expect(await decide(Buffer.from('\ufeffhé', 'utf16le'), 'gb18030')).toMatchObject({
      encoding: 'utf-16le',
      by: 'mark',
    });
  });

  it('is UTF-8 where a few bytes are damaged, and their number is told', async () => {
    const text = Buffer.from('Größe, Straße, Übermut, weiße Männer, Vögel, Mädchen. '.repeat(10));
    const damaged = Buffer.concat([text, Buffer.from([0xff]), text, Buffer.from([0xc3])]);
    expect(await decide(damaged)).toEqual({ encoding: 'utf-8', by: 'valid', damaged: 2 });
  });

  it('is UTF-8 in a text with a stray zero', async () => {
    const text = Buffer.from('one two \0three four\n\0five and so on');
    expect(await decide(text)).toEqual({ encoding: 'utf-8', by: 'valid', damaged: 0 });
  });

  it('is not sure where letters are few, bytes are random, or a text has two of them', async () => {
    const { bytes: gbk } = named('gb18030');
    const mixed = Buffer.concat([gbk, Buffer.from(named('gb18030').text), gbk, Buffer.from(named('big5').text)]);
    const random = Buffer.from(Array.from({ length: 2000 }, (_, i) => 128 + ((i * i * 31 + 7 * i) % 97)));
    for (const bytes of [mixed, random, Buffer.from('a \xe9', 'latin1')])
      expect(await decide(bytes)).toHaveProperty('candidates');
  });

  it('of windows-1252 has quotes and the euro sign, and no control characters', () => {
    const bytes = Buffer.from([0x80, 0x84, 0x93, 0x97, 0xe9]);
    for (const label of ['windows-1252', 'latin1', 'iso-8859-1']) {
      expect(createDecoder(label).decode(bytes)).toBe('€„“—é');
    }
  });
});

describe('a census', () => {
  it('counts lines, blank ones and characters, wherever the pieces are cut', async () => {
    const bytes = Buffer.from('天\n\n \t\r\nab\nçd\n地');
    for (const size of [1, 2, 3, 100]) {
      const { head, sample, ...counts } = await takeCensus(pieces(bytes, size));
      expect(counts).toEqual({ bytes: bytes.length, multibyte: 3, invalid: 0, lines: 5, blankLines: 2 });
      expect([head.length, sample.length]).toEqual([bytes.length, 0]);
    }
  });
});
