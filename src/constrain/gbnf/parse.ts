/** Reads GBNF, the notation of llama.cpp for context-free grammars: `name ::= …`, one rule after another. */
import { usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { ANY, type CodePoints, codePoints, complement } from '../automata/code-points.ts';
import { choice, type Expression, literal, partsOf, repeat, sequence } from '../automata/expression.ts';
import type { Grammar } from '../grammar/grammar.ts';

const DEEPEST = 200;
const LARGEST_COUNT = 1e6;
const ESCAPES: Record<string, number> = { n: 0x0a, r: 0x0d, t: 0x09 };
const HEXADECIMAL_DIGITS: Record<string, number> = { x: 2, u: 4, U: 8 };

/**
 * @param where what is read, first word of messages
 * @throws UserError that names the line and what is malformed, undefined or not supported
 */
export function parseGbnf(source: string, where = 'the grammar'): Grammar {
  let at = 0;
  const fail = (message: string, hint = "rules are written name ::= …, in llama.cpp's notation GBNF"): never => {
    const lines = source.slice(0, at).split('\n');
    const place = `${where}:${lines.length}:${lines[lines.length - 1].length + 1}`;
    throw usageError('TSLM_BAD_GRAMMAR', `${place}: ${message}`, hint);
  };
  const match = (regex: RegExp): RegExpExecArray | null => {
    regex.lastIndex = at;
    const found = regex.exec(source);
    if (found) at = regex.lastIndex;
    return found;
  };
  const take = (text: string): boolean => {
    const isThere = source.startsWith(text, at);
    if (isThere) at += text.length;
    return isThere;
  };
  const skip = (acrossLines: boolean): void =>
    void match(acrossLines ? /(?:[ \t\r\n]|#[^\n]*)*/y : /(?:[ \t]|#[^\r\n]*)*/y);

  /** Line ends separate rules, but not inside parentheses nor after `|` and `::=`. */
  const alternatives = (depth: number): Expression => {
    if (depth > DEEPEST) fail(`parentheses nest deeper than ${DEEPEST}`);
    const options: Expression[] = [];
    do {
      skip(true);
      options.push(elements(depth));
      // An alternative on the next line belongs to the same rule.
      const before = at;
      skip(true);
      if (!source.startsWith('|', at) && depth === 0) at = before;
    } while (take('|'));
    return choice(...options);
  };

  const elements = (depth: number): Expression => {
    const parts: Expression[] = [];
    for (;;) {
      skip(depth > 0);
      const element = symbol(depth);
      if (!element) break;
      parts.push(repeated(element));
    }
    return sequence(...parts);
  };

  const repeated = (body: Expression): Expression => {
    let result = body;
    for (;;) {
      skip(false);
      if (take('*')) result = repeat(result, 0);
      else if (take('+')) result = repeat(result, 1);
      else if (take('?')) result = repeat(result, 0, 1);
      else if (source[at] === '{') {
        const counts = match(/\{[ \t]*(\d+)?[ \t]*(,[ \t]*(\d+)?)?[ \t]*\}/y) ?? fail("'{' begins no count {m,n}");
        if (counts[1] === undefined && counts[3] === undefined) fail('a count without a number');
        const min = Number(counts[1] ?? 0);
        const max =
          counts[2] === undefined ? min : counts[3] === undefined ? Number.POSITIVE_INFINITY : Number(counts[3]);
        if (max < min) fail(`a count from ${min} to ${max}`);
        if (min > LARGEST_COUNT || (max > LARGEST_COUNT && max < Number.POSITIVE_INFINITY)) {
          fail(`a count above ${LARGEST_COUNT}`, 'leave the upper limit out: {m,}');
        }
        result = repeat(result, min, max);
      } else return result;
    }
  };

  const symbol = (depth: number): Expression | undefined => {
    if (take('"')) return literal(quoted());
    if (take('[')) return { kind: 'characters', set: characterClass() };
    if (take('.')) return { kind: 'characters', set: ANY };
    if (take('(')) {
      const inner = alternatives(depth + 1);
      skip(true);
      if (!take(')')) fail("'(' without its ')'");
      return inner;
    }
    if (source[at] === '<' || source.startsWith('!<', at))
      fail('tokens in angle brackets are not supported', 'write their text');
    const before = at;
    const name = match(/[A-Za-z0-9-]+/y)?.[0];
    if (name === undefined) return undefined;
    // A name before `::=` begins the next rule.
    skip(false);
    if (source.startsWith('::=', at)) {
      at = before;
      return undefined;
    }
    at = before + name.length;
    return { kind: 'rule', name };
  };

  const quoted = (): string => {
    let text = '';
    while (!take('"')) {
      if (at >= source.length || source[at] === '\n') fail('a text without its closing "');
      text += String.fromCodePoint(character());
    }
    return text;
  };

  const characterClass = (): CodePoints => {
    const isNegated = take('^');
    const ranges: [number, number][] = [];
    while (!take(']')) {
      if (at >= source.length || source[at] === '\n') fail("a class without its ']'");
      const low = character();
      const isRange = source[at] === '-' && source[at + 1] !== ']';
      if (isRange) at++;
      const high = isRange ? character() : low;
      if (high < low) fail('a range whose end is before its beginning');
      ranges.push([low, high]);
    }
    const set = codePoints(ranges);
    return isNegated ? complement(set) : set;
  };

  const character = (): number => {
    if (!take('\\')) {
      const code = source.codePointAt(at) ?? fail('the grammar ends inside a class');
      at += String.fromCodePoint(code).length;
      if (code >= 0xd800 && code <= 0xdfff) fail('half of a surrogate pair');
      return code;
    }
    const char = source[at++] ?? '';
    if (char in ESCAPES) return ESCAPES[char];
    if (char in HEXADECIMAL_DIGITS) {
      const count = HEXADECIMAL_DIGITS[char];
      const digits = source.slice(at, at + count);
      if (!new RegExp(`^[0-9a-fA-F]{${count}}$`).test(digits)) fail(`${count} hexadecimal digits are expected`);
      at += count;
      const code = Number.parseInt(digits, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) fail(`there is no character ${digits}`);
      return code;
    }
    if (!/^["\\[\]^-]$/.test(char))
      fail(`the escape \\${char} means nothing`, 'known: \\n \\r \\t \\" \\\\ \\[ \\] \\xHH \\uHHHH');
    return char.charCodeAt(0);
  };

  const rules = new Map<string, Expression>();
  for (skip(true); at < source.length; skip(true)) {
    const name = match(/[A-Za-z0-9-]+/y)?.[0] ?? fail(`a rule is expected: name ::= …`);
    skip(false);
    if (!take('::=')) fail(`'::=' is expected after '${name}'`);
    if (rules.has(name)) fail(`the rule '${name}' is there twice`);
    rules.set(name, alternatives(0));
    if (!/[\r\n]/.test(source[at] ?? '\n')) fail(`'${source[at]}' stands where a rule ends`);
  }
  if (!rules.has('root')) fail("there is no rule 'root'", 'root is what whole texts follow: root ::= …');
  for (const [name, expression] of rules) {
    const missing = undefinedRule(expression, rules);
    if (missing === undefined) continue;
    const guess = nearest(missing, rules.keys());
    throw usageError(
      'TSLM_BAD_GRAMMAR',
      `${where}: the rule '${missing}', which '${name}' refers to, is not defined`,
      guess === undefined ? undefined : `did you mean '${guess}'?`,
    );
  }
  return { rules, root: 'root', where };
}

function undefinedRule(expression: Expression, rules: ReadonlyMap<string, Expression>): string | undefined {
  if (expression.kind === 'rule') return rules.has(expression.name) ? undefined : expression.name;
  for (const part of partsOf(expression)) {
    const missing = undefinedRule(part, rules);
    if (missing !== undefined) return missing;
  }
  return undefined;
}
