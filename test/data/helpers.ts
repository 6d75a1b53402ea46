import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { createRandom } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';

/** A folder of this test file's own, removed at its end. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tslm-data-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files below `folder`, given by name and content. */
export function writeFiles(folder: string, files: Record<string, string | Uint8Array>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const SYLLABLES = 'ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu za'.split(' ');
const HAN =
  '天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水玉出昆冈剑号巨阙珠称夜光';

/** Sentences of words that nobody has written before. */
export function randomText(words: number, seed: number): string {
  const random = createRandom(seed);
  const word = () =>
    Array.from({ length: 1 + random.below(4) }, () => SYLLABLES[random.below(SYLLABLES.length)]).join('');
  return Array.from({ length: words }, (_, i) => word() + (i % 12 === 11 ? '.\n' : '')).join(' ');
}

/** The same in Chinese characters, without spaces. */
export function randomChinese(characters: number, seed: number): string {
  const random = createRandom(seed);
  return Array.from(
    { length: characters },
    (_, i) => HAN[random.below(HAN.length)] + (i % 15 === 14 ? '，' : i % 40 === 39 ? '。\n' : ''),
  ).join('');
}

/** Collects what a generator yields. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const result: Item[] = [];
  for await (const item of items) result.push(item);
  return result;
}

/** What `action` throws. */
export async function errorOf(
  action: () => unknown,
): Promise<Error & { code?: string; hint?: string; exitCode?: number }> {
  try {
    await action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** A byte-level tokenizer without merges: one token a byte, and `<|endoftext|>`. */
export function byteTokenizer(folder: string): Tokenizer {
  const alphabet = [...Array(256).keys()].map(byte => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return printable
      ? byte
      : 256 +
          [...Array(byte).keys()].filter(b => !((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174)).length;
  });
  const vocab = Object.fromEntries(alphabet.map((code, byte) => [String.fromCharCode(code), byte]));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: 256,
        content: '<|endoftext|>',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab, merges: [] },
  };
  writeFiles(folder, {
    'tokenizer.json': JSON.stringify(json),
    'tokenizer_config.json': JSON.stringify({ eos_token: '<|endoftext|>' }),
  });
  return Tokenizer.fromFile(folder);
}

export const readBytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
