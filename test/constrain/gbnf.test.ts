import { describe, expect, it } from 'vitest';
import { compileGbnf } from '../../src/constrain/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { accepts, allowedIn, draw, vocabulary } from './sampling.ts';

const random = createRandom(8);

const JSON_GRAMMAR = String.raw`
# JSON, with little white space
root   ::= value
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws ( member ("," ws member)* )? "}" ws
member ::= string ":" ws value ws
array  ::=
  "[" ws (
    value ws
    ("," ws value ws)*
  )? "]" ws
string ::= "\"" char* "\""
char   ::= [^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
number ::= "-"? ("0" | [1-9] [0-9]{0,10}) ("." [0-9]{1,5})? ([eE] [-+]? [0-9]{1,2})?
ws     ::= [ \t\n]{0,3}
`;

describe('compileGbnf', () => {
  it('draws JSON from a grammar of JSON, and reads all of it', () => {
    const constraint = compileGbnf(JSON_GRAMMAR, vocabulary);
    for (let i = 0; i < 30; i++) {
      const text = draw(constraint, random, { length: 5 + 3 * i });
      expect(() => JSON.parse(text)).not.toThrow();
      expect(accepts(constraint, text, random)).toBe(true);
    }
    for (const value of [[], {}, [[[{}]]], { a: { b: [1, -2.5e-7, 'é\\"\u0007中', null] } }, 'x', 0]) {
      expect(accepts(constraint, JSON.stringify(value), random), JSON.stringify(value)).toBe(true);
    }
    for (const text of ['{,}', '[1,]', '01', '"\n"', '{"a" 1}', '[[1]', '"\\x"']) {
      expect(accepts(constraint, text, random), text).toBe(false);
    }
  });

  it('counts nested brackets however deep', () => {
    const constraint = compileGbnf('root ::= "(" root ")" | "[" root "]" | ""', vocabulary);
    const deep = Array.from({ length: 3000 }, () => random.below(2));
    const open = deep.map(kind => '(['[kind]).join('');
    const close = deep
      .reverse()
      .map(kind => ')]'[kind])
      .join('');
    expect(accepts(constraint, open + close, random)).toBe(true);
    expect(accepts(constraint, `${open}${close})`, random)).toBe(false);
    expect(accepts(constraint, open, random)).toBe(false);
  });

  it('reads ambiguous grammars in moderate time', () => {
    const constraint = compileGbnf('root ::= "x" root "a" | "x" root "b" | "x"', vocabulary);
    expect(accepts(constraint, `${'x'.repeat(400)}${'ab'.repeat(199)}a`, random)).toBe(true);
    const sums = compileGbnf('root ::= term ("+" root)?\nterm ::= "n" | "(" root ")" | "n" term?', vocabulary);
    expect(accepts(sums, `${'('.repeat(50)}nnn+n${')'.repeat(50)}+n`, random)).toBe(true);
  });

  /** Texts that are allowed and not, by rules whose meaning is plain. */
  it.each([
    ['root ::= "a"{2,3} b{2} [c]{1,} .?\nb ::= "b"', ['aabbc', 'aaabbcccé'], ['abbc', 'aaaabbc', 'aabc', 'aabb']],
    ['root ::= ("a" | "b")* "!"', ['!', 'abba!'], ['ab', 'c!']],
    ['root ::= [a-cx] [^a-c]\n', ['ad', 'xé'], ['aa', 'dd']],
    [
      String.raw`root ::= "\x41\u00e9\U0001F600\n\t\"\\" [\]\-\x30]`,
      ['Aé\u{1f600}\n\t"\\]', 'Aé\u{1f600}\n\t"\\0'],
      ['A'],
    ],
    ['root ::= item ("," item){,2}\nitem ::= [0-9]+ # digits', ['1', '1,22,3'], ['1,', '1,2,3,4']],
    ['root ::= a a\na ::= "x"?', ['', 'x', 'xx'], ['xxx']],
    ['root ::= a{2,3} "."\na ::= ("x" | )', ['.', 'x.', 'xxx.'], ['xxxx.']],
    ['root ::= list\nlist ::= "-" list | "-"', ['-', '-----'], ['']],
    ['root ::=\n  "a" |\n  "b"\n  | "c"\n\n', ['a', 'b', 'c'], ['ab']],
    ['root ::= ("(" root ")" "."){2} | "y"', ['y', '(y).(y).', '((y).(y).).(y).'], ['(y).']],
    ['root ::= x{3,}\nx ::= "(" root? ")" | "i"', ['iii', 'i(iii)i', '()()()()'], ['ii', 'i(ii)i']],
  ])('%s', (grammar, allowed, forbidden) => {
    const constraint = compileGbnf(grammar, vocabulary);
    for (const text of allowed) expect(accepts(constraint, text, random), text).toBe(true);
    for (const text of forbidden) expect(accepts(constraint, text, random), text).toBe(false);
    for (let i = 0; i < 3; i++)
      expect(accepts(constraint, draw(constraint, random, { length: 10 }), random)).toBe(true);
  });

  it('never forbids everything, nor allows what cannot go on', () => {
    const constraint = compileGbnf(JSON_GRAMMAR, vocabulary);
    const state = constraint.start();
    for (let i = 0; i < 300; i++) {
      const allowed = new Set(allowedIn(state.mask()));
      expect(allowed.size).toBeGreaterThan(0);
      // The mask and the automaton agree on every token.
      for (let id = 0; id < vocabulary.size; id += 1 + random.below(20)) {
        const next = state.clone();
        if (allowed.has(id)) {
          next.advance(id);
          if (!vocabulary.eosTokenId.includes(id)) expect(allowedIn(next.mask()).length).toBeGreaterThan(0);
        } else expect(() => next.advance(id)).toThrow('is not allowed here');
      }
      const going = [...allowed].filter(id => !vocabulary.eosTokenId.includes(id));
      if (going.length === 0) break;
      state.advance(going[random.below(going.length)]);
    }
  });

  it.each([
    ['root ::= root "x" | "y"', 'left recursion: root → root'],
    ['root ::= a\na ::= b? c\nc ::= a "x" | "y"\nb ::= "b"', 'left recursion: '],
    ['root ::= "x" root', 'there is no text that it allows'],
    ['a ::= "x"', "no rule 'root'"],
    ['root ::= strin\nstring ::= "x"', "the rule 'strin'"],
    ['root ::= "x', ':1:12: a text without its closing'],
    ['root ::= [a', "without its ']'"],
    ['root ::= ("a"', "'(' without its ')'"],
    ['root ::= "a"\nroot ::= "b"', 'there twice'],
    ['root ::= "a" )', "')' stands where a rule ends"],
    ['root = "a"', "'::=' is expected"],
    ['root ::= "\\q"', 'the escape \\q'],
    ['root ::= "a"{3,2}', 'from 3 to 2'],
    ['root ::= "a"{99999999}', 'a count above'],
    ['root ::= <think>', 'angle brackets'],
    [`root ::= ${'('.repeat(3000)}`, 'nest deeper'],
  ])('refuses %s in one line', (grammar, message) => {
    expect(() => compileGbnf(grammar, vocabulary)).toThrow(message);
  });

  it('is not led astray by rules that double at each step', () => {
    const rules = Array.from({ length: 60 }, (_, i) => `r${i} ::= r${i + 1} r${i + 1}`);
    const constraint = compileGbnf(`root ::= r0\n${rules.join('\n')}\nr60 ::= "a"`, vocabulary);
    const state = constraint.start();
    for (let i = 0; i < 500; i++) state.advance(0x61);
    expect(state.complete).toBe(false);
  });
});
