import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  characterStart,
  cutPoint,
  forEachLine,
  forEachParagraph,
  lastParagraphEnd,
} from '../../../src/data/readers/cut.ts';
import { readText } from '../../../src/data/readers/text.ts';
import { collect, randomText } from '../helpers.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const string = (utf8: Uint8Array): string => new TextDecoder().decode(utf8);

async function* stream(text: string, piece: number): AsyncGenerator<Uint8Array> {
  const all = bytes(text);
  for (let i = 0; i < all.length; i += piece) yield all.subarray(i, i + piece);
}

describe('a cut', () => {
  const cut = (text: string, limit: number, exact = false): string =>
    string(bytes(text).subarray(0, cutPoint(bytes(text), limit, { exact })));

  test('falls before the last blank line, else line break, else space', () => {
    expect(cut('one\n\ntwo\nthree four five', 20)).toBe('one');
    expect(cut('one two\nthree four five', 20)).toBe('one two');
    expect(cut('one two three four', 15)).toBe('one two three');
    expect(cut('one two', 7)).toBe('one');
  });

  test('falls between characters where there is no white space', () => {
    expect(cut('天地玄黄', 7)).toBe('天地');
    expect(cut('aaaaaaaa', 5)).toBe('aaaaa');
    expect(characterStart(bytes('a😀'), 3)).toBe(1);
  });

  test('that must be exact follows a letter or a digit', () => {
    expect(cut('one two.\n\nthree! four', 19, true)).toBe('one');
    expect(cut('one two.\n\nthree! four', 19, false)).toBe('one two.');
  });
});

test('lines lose their ends, and paragraphs the blank lines between them', () => {
  const lines: string[] = [];
  forEachLine(bytes('one\r\ntwo\n\nthree'), line => lines.push(string(line)));
  expect(lines).toEqual(['one', 'two', '', 'three']);
  const paragraphs: string[] = [];
  forEachParagraph(bytes('\n a\nb\r\n \t\r\n\nc\n'), paragraph => paragraphs.push(string(paragraph)));
  expect(paragraphs).toEqual([' a\nb', 'c']);
  expect(lastParagraphEnd(bytes('a\n\nb\n \nc\nd'))).toBe(7);
  expect(lastParagraphEnd(bytes('a\nb'))).toBe(0);
});

describe('texts in pieces', () => {
  const read = (text: string, layout: 'document' | 'lines' | 'paragraphs', maxDocumentBytes: number, piece: number) =>
    collect(readText(stream(text, piece), { layout, maxDocumentBytes, exact: false }));

  test('are whole, whatever the sizes', async () => {
    const words = fc.array(fc.constantFrom('a', 'word', '天地', ' ', '\n', '\n\n', '😀'), { maxLength: 300 });
    const layouts = fc.constantFrom('document' as const, 'lines' as const, 'paragraphs' as const);
    await fc.assert(
      fc.asyncProperty(
        words,
        layouts,
        fc.integer({ min: 8, max: 60 }),
        fc.integer({ min: 1, max: 40 }),
        async (parts, layout, limit, piece) => {
          const pieces = await read(parts.join(''), layout, limit, piece);
          expect(Buffer.concat(pieces).toString()).toBe(parts.join(''));
          // No piece cuts a character in two.
          for (const part of pieces) expect(string(part)).not.toContain('\ufffd');
          if (layout === 'document') for (const part of pieces) expect(part.length).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  test('of documents do not depend on how the bytes arrive', async () => {
    const text = randomText(3000, 1);
    const cuts = (piece: number) => read(text, 'document', 5000, piece).then(pieces => pieces.map(part => part.length));
    expect(await cuts(100)).toEqual(await cuts(7001));
  });

  test('of lines end with lines, unless one is longer than a document may be', async () => {
    const pieces = (await read('one\ntwo\nthree\nfour\n', 'lines', 8, 3)).map(string);
    expect(pieces.every(piece => piece.endsWith('\n'))).toBe(true);
    expect((await read('x'.repeat(100), 'lines', 30, 7)).map(piece => piece.length)).toEqual([30, 30, 30, 10]);
  });
});
