import { describe, expect, it } from 'vitest';
import { compileRegex, createVocabulary } from '../../src/constrain/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { accepts, allowedIn, draw, isAllowed, read, vocabulary } from './sampling.ts';

const random = createRandom(3);

/** A random pattern with a way to write what it matches. */
function randomPattern(depth: number): { source: string; write: () => string } {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)];
  if (depth === 0 || random.below(4) === 0) {
    return pick([
      { source: 'a', write: () => 'a' },
      { source: 'é', write: () => 'é' },
      { source: '\\u{1F600}', write: () => '\u{1f600}' },
      { source: '\\.', write: () => '.' },
      { source: '\\x41', write: () => 'A' },
      { source: '\\uD83D\\uDE01', write: () => '\u{1f601}' },
      { source: '.', write: () => pick([...'a"\\中\u{10ffff}\u0000']) },
      { source: '[^a-y\\d]', write: () => pick([...'zA\n中\u{1f600}']) },
      { source: '[\\w-]', write: () => pick([...'a_9-']) },
      { source: '[+-.\\]]', write: () => pick([...'+,-.]']) },
      { source: '\\d', write: () => pick([...'059']) },
      { source: '\\S', write: () => pick([...'a\u200b中']) },
      { source: '[\\s\\-]', write: () => pick([...' \t\u00a0\ufeff-']) },
      { source: '\\p{Lu}', write: () => pick([...'AÉЖ\u{10400}']) },
      { source: '\\P{L}', write: () => pick([...'1 \u{1f600}']) },
      { source: '\\p{Script=Han}', write: () => pick([...'中\u{20000}']) },
      { source: '\\cJ', write: () => '\n' },
    ]);
  }
  const [a, b] = [randomPattern(depth - 1), randomPattern(depth - 1)];
  const times = (low: number, high: number) => (): string =>
    Array.from({ length: low + random.below(high - low + 1) }, a.write).join('');
  return pick([
    { source: `${a.source}${b.source}`, write: () => a.write() + b.write() },
    { source: `(?:${a.source}|${b.source})`, write: () => pick([a, b]).write() },
    { source: `(${a.source})*`, write: times(0, 3) },
    { source: `(?<name${random.below(1e9)}>${a.source})+?`, write: times(1, 3) },
    { source: `(?:${a.source})?`, write: times(0, 1) },
    { source: `(?:${a.source}){2,4}`, write: times(2, 4) },
    { source: `(?:${a.source}){3}`, write: times(3, 3) },
    { source: `(?:${a.source}){1,}`, write: times(1, 4) },
    { source: `(?:|${a.source})`, write: times(0, 1) },
  ]);
}

describe('compileRegex', () => {
  it('allows texts that JavaScript matches as a whole, and those that are written for the pattern', () => {
    for (let i = 0; i < (process.env.TSLM_LONG ? 300 : 60); i++) {
      const { source, write } = randomPattern(3);
      const constraint = compileRegex(source, vocabulary);
      const regex = new RegExp(`^(?:${source})$`, 'u');
      for (let j = 0; j < 3; j++) {
        const drawn = draw(constraint, random, { length: 10 });
        expect(regex.test(drawn), `${source} and ${JSON.stringify(drawn)}`).toBe(true);
        const written = write();
        expect(regex.test(written), `the generator: ${source} and ${JSON.stringify(written)}`).toBe(true);
        expect(accepts(constraint, written, random), `${source} and ${JSON.stringify(written)}`).toBe(true);
      }
    }
  });

  it('knows the classes of JavaScript, character by character', () => {
    const dense = process.env.TSLM_LONG ? 0x3100 : 0x600;
    for (const source of ['\\s', '\\w', '\\D', '.', '\\p{L}', '\\P{Nd}', '[^\\p{Lu}\\s]']) {
      const constraint = compileRegex(source, vocabulary);
      const regex = new RegExp(`^${source}$`, 'u');
      const isMatch = readerOf(constraint);
      for (let code = 0; code <= 0x10ffff; code += code < dense ? 1 : 977) {
        if (code >= 0xd800 && code <= 0xdfff) continue;
        const char = String.fromCodePoint(code);
        expect(isMatch(char), `${source} and U+${code.toString(16)}`).toBe(regex.test(char));
      }
    }
  });

  it('takes anchors at the edges of alternatives', () => {
    for (const source of ['^ab$', '(^a|b)c', 'a(b$|c)', '^(^a)$', '^$|x']) {
      const constraint = compileRegex(source, vocabulary);
      for (const text of ['', 'a', 'ab', 'ac', 'bc', 'x', 'abc']) {
        expect(accepts(constraint, text, random), `${source} and ${text}`).toBe(
          new RegExp(`^(?:${source})$`, 'u').test(text),
        );
      }
    }
  });

  it.each([
    ['(?=a)b', 'lookahead'],
    ['(?!a)b', 'negative lookahead'],
    ['(?<=a)b', 'lookbehind'],
    ['(?<!a)b', 'negative lookbehind'],
    ['(a)\\1', 'backreference \\1'],
    ['(?<x>a)\\k<x>', 'backreference'],
    ['\\bword', 'word boundary'],
    ['(?i:a)', 'the group (?i…)'],
    ['a^b', 'inside a pattern'],
    ['a**', 'repeats nothing'],
    ['*a', 'character is expected'],
    ['(a', "without its ')'"],
    ['a)', "without its '('"],
    ['[a', "without its ']'"],
    ['[b-a]', 'before its beginning'],
    ['a{3,2}', 'from 3 to 2'],
    ['a{9999999}', 'a count above'],
    ['\\p{Nothing}', "no Unicode property 'Nothing'"],
    ['\\uD800', 'surrogate'],
    ['\\q', 'means nothing'],
    ['[]', 'there is no text'],
  ])('refuses %s in one line', (source, message) => {
    expect(() => compileRegex(source, vocabulary)).toThrow(message);
  });

  it('counts far, and stops there', () => {
    const constraint = compileRegex('(ab|c){1000000}', vocabulary);
    const state = constraint.start();
    const c = vocabulary.texts.findIndex(text => text?.length === 1 && text[0] === 0x63);
    for (let i = 0; i < 1000; i++) state.advance(c);
    expect(isAllowed(state.mask(), c)).toBe(true);
    expect(state.complete).toBe(false);
    const short = compileRegex('(?:a{0,200000}b){1,3}', vocabulary);
    expect(accepts(short, `${'a'.repeat(3000)}b`, random)).toBe(true);
  });

  it('ends with patterns that are exponential elsewhere', () => {
    for (const source of [
      '(x+x+)+y',
      '(a|aa|aaa)*b',
      '((a?){30}){30}a{30}',
      '(a|b)*a(a|b){40}',
      '(.*a){12}',
      '(((a*)*)*)*b',
    ]) {
      const text = draw(compileRegex(source, vocabulary), random, { length: 20 });
      expect(accepts(compileRegex(source, vocabulary), text, random), source).toBe(true);
    }
    expect(() => compileRegex('('.repeat(5000), vocabulary)).toThrow('nest deeper');
    const state = compileRegex('(?:a|b|ab){1,900000}c', vocabulary).start();
    const readForever = (): void => {
      for (;;) for (const byte of [0x61, 0x62]) state.advance(byte);
    };
    expect(readForever).toThrow('ways to read the text at once');
  });

  it('is complete where nothing but the end may follow', () => {
    const state = read(compileRegex('ab{0,2}', vocabulary), 'ab', random)!;
    expect(state.complete).toBe(false);
    const copy = state.clone();
    copy.advance('b'.charCodeAt(0));
    expect(copy.complete).toBe(true);
    expect(allowedIn(copy.mask())).toEqual(vocabulary.eosTokenId);
    expect(allowedIn(state.mask())).toContain('b'.charCodeAt(0));
    copy.advance(vocabulary.eosTokenId[0]);
    expect(allowedIn(copy.mask())).toEqual([]);
    expect(() => copy.advance(0x62)).toThrow('the text has ended');
    expect(() => state.advance(0x63)).toThrow('may not follow');
  });

  it('says at once what a vocabulary cannot write', () => {
    const letters = createVocabulary([...'abc'].map(char => Buffer.from(char)));
    expect(() => compileRegex('a\\d', letters)).toThrow('the vocabulary lacks characters');
    const state = compileRegex('a+\\d?', letters).start();
    expect(allowedIn(state.mask())).toEqual([0]);
    // Bytes that are there only in other characters are found where they are needed.
    const half = createVocabulary([Buffer.from('é'), Buffer.from('\u00e8x'), Buffer.from('a')]);
    const stuck = compileRegex('a\u00e8', half).start();
    stuck.advance(2);
    expect(() => stuck.mask()).toThrow('no token of the vocabulary can go on');
  });
});

/** Whether a text of one character is allowed, byte for byte. */
function readerOf(constraint: ReturnType<typeof compileRegex>): (char: string) => boolean {
  return char => {
    const state = constraint.start();
    for (const byte of Buffer.from(char)) {
      if (!isAllowed(state.mask(), byte)) return false;
      state.advance(byte);
    }
    return isAllowed(state.mask(), vocabulary.eosTokenId[0]);
  };
}
