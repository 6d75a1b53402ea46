/** What texts are made of: expressions over characters, with references to the rules of a grammar. */
import type { CodePoints } from './code-points.ts';
import type { CountedData } from './counted-dfa.ts';
import type { Dfa } from './dfa.ts';
import type { ExceptData } from './except-dfa.ts';
import { buildTrie, type Trie } from './trie.ts';

/** What was worked out of an expression before: in the object, where it costs garbage collection nothing. */
interface Facts {
  isRegular?: boolean;
  size?: number;
}

export type Expression = Facts & Part;

type Part =
  /** One character of a set. */
  | { readonly kind: 'characters'; readonly set: CodePoints }
  /** This text. */
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly body: Expression; readonly min: number; readonly max: number }
  /** What a rule of the grammar describes. */
  | { readonly kind: 'rule'; readonly name: string }
  /** A regular language that was computed. */
  | { readonly kind: 'automaton'; readonly dfa: Dfa }
  /** One of many texts. */
  | { readonly kind: 'texts'; readonly trie: Trie }
  /** A string of JSON whose characters are counted; a terminal of its own. */
  | { readonly kind: 'counted'; readonly counted: CountedData }
  /** The items of an array of JSON, which must all differ: what they are is compared as the text is written. */
  | { readonly kind: 'unique'; readonly body: Expression }
  /** Any string of JSON but some; a terminal of its own. */
  | { readonly kind: 'except'; readonly except: ExceptData };

export const EMPTY: Expression = { kind: 'sequence', parts: [] };
/** No text at all, not even the empty one. */
export const NOTHING: Expression = { kind: 'choice', options: [] };

export const literal = (text: string): Expression => (text === '' ? EMPTY : { kind: 'literal', text });
export const characters = (set: CodePoints): Expression => ({ kind: 'characters', set });
export const rule = (name: string): Expression => ({ kind: 'rule', name });

export function sequence(...parts: Expression[]): Expression {
  const flat = parts.flatMap(part => (part.kind === 'sequence' ? part.parts : [part]));
  return flat.length === 1 ? flat[0] : { kind: 'sequence', parts: flat };
}
export const choice = (...options: Expression[]): Expression =>
  options.length === 1 ? options[0] : { kind: 'choice', options };

const encoder = new TextEncoder();
/** Fewer texts are alternatives like others, which join with what is beside them. */
const FEW_TEXTS = 16;

/** One of these texts, however many they are. */
export function oneOfTexts(texts: readonly string[]): Expression {
  if (texts.length <= FEW_TEXTS) return choice(...texts.map(literal));
  return { kind: 'texts', trie: buildTrie(texts.map(text => encoder.encode(text))) };
}

/** `body`, `min` to `max` times; `max` may be infinite. */
export const repeat = (body: Expression, min: number, max = Number.POSITIVE_INFINITY): Expression =>
  min === 1 && max === 1 ? body : max === 0 ? EMPTY : { kind: 'repeat', body, min, max };
export const optional = (body: Expression): Expression => repeat(body, 0, 1);
export const many = (body: Expression): Expression => repeat(body, 0);

/** The expressions directly inside. */
export function partsOf(expression: Expression): readonly Expression[] {
  if (expression.kind === 'sequence') return expression.parts;
  if (expression.kind === 'choice') return expression.options;
  return expression.kind === 'repeat' || expression.kind === 'unique' ? [expression.body] : [];
}

/** The expression with its parts replaced. */
export function mapParts(expression: Expression, map: (part: Expression) => Expression): Expression {
  if (expression.kind === 'sequence') return { kind: 'sequence', parts: expression.parts.map(map) };
  if (expression.kind === 'choice') return { kind: 'choice', options: expression.options.map(map) };
  if (expression.kind === 'repeat') {
    const { min, max } = expression;
    return { kind: 'repeat', body: map(expression.body), min, max };
  }
  return expression;
}

/** Whether the language is regular by form: no rule is referred to. */
export function isRegular(expression: Expression): boolean {
  expression.isRegular ??= !OF_THEIR_OWN.includes(expression.kind) && partsOf(expression).every(isRegular);
  return expression.isRegular;
}
const OF_THEIR_OWN: readonly string[] = ['rule', 'counted', 'except', 'unique'];

/** About how many states and edges its automaton has, counted repetitions written out; may be infinite. */
export function sizeOf(expression: Expression): number {
  expression.size ??= measure(expression);
  return expression.size;
}

function measure(expression: Expression): number {
  switch (expression.kind) {
    case 'characters':
      return 1 + expression.set.length / 2;
    case 'literal':
      return expression.text.length;
    case 'automaton':
      return expression.dfa.accepting.length;
    case 'texts':
      return expression.trie.accepting.length;
    case 'rule':
    case 'counted':
    case 'except':
      return 1;
    case 'repeat': {
      const copies = expression.max < Number.POSITIVE_INFINITY ? expression.max : expression.min + 1;
      return 1 + sizeOf(expression.body) * Math.max(1, copies);
    }
    default:
      return partsOf(expression).reduce((sum, part) => sum + sizeOf(part), 1);
  }
}

/** The fewest and most characters of a text; only for what holds neither rules nor automata. */
export function lengthsOf(expression: Expression): { min: number; max: number } {
  switch (expression.kind) {
    case 'characters':
      return { min: 1, max: 1 };
    case 'literal': {
      const { length } = [...expression.text];
      return { min: length, max: length };
    }
    case 'repeat': {
      const { min, max } = lengthsOf(expression.body);
      return { min: min * expression.min, max: max === 0 ? 0 : max * expression.max };
    }
    case 'choice': {
      const all = expression.options.map(lengthsOf);
      return { min: Math.min(...all.map(({ min }) => min)), max: Math.max(...all.map(({ max }) => max)) };
    }
    case 'sequence':
      return expression.parts
        .map(lengthsOf)
        .reduce((sum, { min, max }) => ({ min: sum.min + min, max: sum.max + max }), {
          min: 0,
          max: 0,
        });
    default:
      return { min: 0, max: Number.POSITIVE_INFINITY };
  }
}
