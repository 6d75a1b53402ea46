/** A small vocabulary with a token for every byte, and texts drawn from a constraint with it. */
import { type Constraint, type ConstraintState, createVocabulary, type Vocabulary } from '../../src/constrain/index.ts';
import type { Random } from '../../src/support/random.ts';

const LONGER = [
  '{"',
  '":',
  '": ',
  '","',
  ', "',
  '"}',
  '"}]',
  '}}',
  '],[',
  '[[',
  '[{"',
  'true',
  'false',
  'null',
  'tru',
  'alse',
]
  .concat([
    '10',
    '00',
    '.5',
    '-1',
    'e1',
    '123',
    '2024-',
    '12-3',
    ':00Z',
    '://',
    '@a',
    '.com',
    'ab',
    'abc',
    'the ',
    ' name',
    'a"',
    'b":',
  ])
  .concat(['é', '中文', '中', '\u{1f600}', '\\n', '\\u00', '\\"', '\\\\', 'id":', '"id"', '  ', '\n', ',\n  "']);

const encoder = new TextEncoder();
const texts = [
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...LONGER.map(text => encoder.encode(text)),
  // Parts of characters, as byte-level merges make them.
  Uint8Array.of(0xe4, 0xb8),
  Uint8Array.of(0xad, 0xe6),
  undefined,
  undefined,
];

export const END = texts.length - 1;
export const vocabulary: Vocabulary = createVocabulary(texts, { eosTokenId: [END] });

export const allowedIn = (mask: Uint32Array): number[] =>
  [...mask].flatMap((word, w) =>
    Array.from({ length: 32 }, (_, bit) => bit)
      .filter(bit => (word >>> bit) & 1)
      .map(bit => 32 * w + bit),
  );

export const isAllowed = (mask: Uint32Array, id: number): boolean => ((mask[id >> 5] >>> (id & 31)) & 1) === 1;

/**
 * A text of tokens drawn evenly; after `length` of them the end is taken where it may be, and closing brackets and quotes
 * are preferred, so that texts come to an end.
 */
export function draw(
  constraint: Constraint,
  random: Random,
  { length = 60, most = 4000, from = vocabulary } = {},
): string {
  const state = constraint.start();
  const bytes: number[] = [];
  for (let i = 0; i < most; i++) {
    const allowed = allowedIn(state.mask());
    if (allowed.length === 0) throw new Error(`nothing may follow ${Buffer.from(bytes)}`);
    const end = from.eosTokenId.find(id => allowed.includes(id));
    let id = allowed[random.below(allowed.length)];
    if (end !== undefined && (i >= length || random.next() < 0.1)) id = end;
    else if (i >= length && random.next() < 0.7) id = closing(allowed, from) ?? last(state, allowed, from) ?? id;
    state.advance(id);
    if (id === end) return Buffer.from(bytes).toString('utf8');
    bytes.push(...(i === 0 ? from.firstTexts : from.texts)[id]!);
  }
  throw new Error(`no end after ${most} tokens: ${Buffer.from(bytes).subarray(0, 300)}`);
}

function closing(allowed: readonly number[], from: Vocabulary): number | undefined {
  const set = new Set(allowed);
  for (const char of ['"', '}', ']', ')']) {
    const id = from.texts.findIndex(text => text?.length === 1 && text[0] === char.charCodeAt(0));
    if (set.has(id)) return id;
  }
  return undefined;
}

/** A token after which the text may end. */
const last = (state: ConstraintState, allowed: readonly number[], from: Vocabulary): number | undefined =>
  allowed.find(id => {
    const next = state.clone();
    next.advance(id);
    const mask = next.mask();
    return from.eosTokenId.some(end => isAllowed(mask, end));
  });

/** Reads a text in random tokens; the state after it, or undefined where the constraint does not allow it. */
export function read(constraint: Constraint, text: string, random: Random): ConstraintState | undefined {
  const bytes = encoder.encode(text);
  const state = constraint.start();
  for (let at = 0; at < bytes.length; ) {
    const fitting = [...vocabulary.texts.keys()].filter(id => {
      const token = vocabulary.texts[id];
      return token && at + token.length <= bytes.length && token.every((byte, i) => bytes[at + i] === byte);
    });
    const id = fitting[random.below(fitting.length)];
    if (!isAllowed(state.mask(), id)) return undefined;
    state.advance(id);
    at += vocabulary.texts[id]!.length;
  }
  return state;
}

/** Whether a whole text is allowed. */
export function accepts(constraint: Constraint, text: string, random: Random): boolean {
  const state = read(constraint, text, random);
  return state !== undefined && isAllowed(state.mask(), END);
}
