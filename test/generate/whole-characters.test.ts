import { describe, expect, it } from 'vitest';
import { multinomial } from '../../src/generate/sampling.ts';
import { wholeCharacters } from '../../src/generate/whole-characters.ts';
import { createRandom } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';

/** Bytes, and tokens that end and begin inside a character. */
const tokenizer = await trainTokenizer(['它们它们它们在在在 它它 naïve naïve 😀😀 ok ok'], {
  kind: 'bpe',
  vocabSize: 300,
  minFrequency: 2,
});
const process = wholeCharacters(tokenizer)!;

/** Ids that a text can go on with. */
function followers(ids: readonly number[]): number[] {
  const logits = new Float32Array(tokenizer.vocabSize).fill(1);
  process(ids, logits);
  return [...logits.keys()].filter(id => logits[id] === 1);
}

describe('whole characters', () => {
  it('whatever is drawn, the text is UTF-8', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = createRandom(seed);
      const ids = [...tokenizer.encodeIds('它')];
      while (ids.length < 200) {
        const logits = Float32Array.from({ length: tokenizer.vocabSize }, () => 4 * random.next());
        process(ids, logits);
        ids.push(multinomial(logits, random));
      }
      while (tokenizer.decode(ids).endsWith('\ufffd')) ids.pop();
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).not.toContain('\ufffd');
    }
  });

  it('forbid nothing that is text', () => {
    const text = '它们在 naïve 😀 ok 地\u{10ffff}\ud7ff\ue000';
    const ids = [...tokenizer.encodeIds(text)];
    for (const [i, id] of ids.entries()) expect(followers(ids.slice(0, i)), `${i}`).toContain(id);
  });

  it('forbid the end inside a character, and surrogates', () => {
    const byte = (value: number) => tokenizer.tokenToId(byteCharacter(value))!;
    expect(followers([])).toContain(tokenizer.eosTokenId);
    expect(followers([byte(0xe5)])).not.toContain(tokenizer.eosTokenId);
    expect(followers([byte(0xed)])).not.toContain(byte(0xa0));
    expect(followers([byte(0xed)])).toContain(byte(0x9f));
  });

  it('give way where nothing else is left', () => {
    const logits = new Float32Array(tokenizer.vocabSize).fill(Number.NEGATIVE_INFINITY);
    const continuation = tokenizer.tokenToId(byteCharacter(0x80))!;
    logits[continuation] = 1;
    process([], logits);
    expect(logits[continuation]).toBe(1);
  });

  it('mean nothing for tokenizers of characters', () => {
    expect(wholeCharacters(Tokenizer.fromFile('test/fixtures/tokenizers/wordpiece_bert'))).toBeUndefined();
  });
});

/** How byte-level vocabularies write a byte. */
function byteCharacter(byte: number): string {
  const printable = (b: number) => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  if (printable(byte)) return String.fromCharCode(byte);
  return String.fromCharCode(256 + Array.from({ length: byte }, (_, b) => b).filter(b => !printable(b)).length);
}
