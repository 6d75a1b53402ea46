/** Takes what names people out of texts before anything is written. Operators are Presidio's. */
import type { Said } from '../../data/rows/rows.ts';
import type { Keyed } from '../store/secret.ts';
import { type FindOptions, findPersonal } from './find.ts';

/**
 * `replace`: `<EMAIL>`; `mask`: a star for each character; `hash`: `<EMAIL:3f9a…>`, the same for the same text; `pseudonym`: something
 * of the same kind that nobody has, the same for the same text.
 */
export const scrubOperators = ['replace', 'mask', 'hash', 'pseudonym'] as const;
export type ScrubOperator = (typeof scrubOperators)[number];

export interface Scrubber {
  (text: string): string;
  /** How much of each kind was found so far; `take` begins anew. */
  take(): Record<string, number>;
}

export function createScrubber(
  keyed: Pick<Keyed, 'digest'>,
  { operator = 'replace', ...options }: FindOptions & { operator?: ScrubOperator } = {},
): Scrubber {
  let counts: Record<string, number> = {};
  const scrub = (text: string): string => {
    let clean = '';
    let last = 0;
    for (const { kind, start, end } of findPersonal(text, options)) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      clean += text.slice(last, start) + OPERATORS[operator](kind, text.slice(start, end), keyed);
      last = end;
    }
    return clean + text.slice(last);
  };
  const take = (): Record<string, number> => {
    const taken = counts;
    counts = {};
    return taken;
  };
  return Object.assign(scrub, { take });
}

const OPERATORS: Record<ScrubOperator, (kind: string, found: string, keyed: Pick<Keyed, 'digest'>) => string> = {
  replace: kind => `<${kind.toUpperCase()}>`,
  mask: (_, found) => '*'.repeat([...found].length),
  hash: (kind, found, keyed) => `<${kind.toUpperCase()}:${keyed.digest(`${kind}\n${found}`)}>`,
  pseudonym(kind, found, keyed) {
    const digest = keyed.digest(`${kind}\n${found}`);
    // Names and addresses that are reserved for examples (RFC 2606, RFC 5737).
    if (kind === 'email') return `user-${digest.slice(0, 8)}@example.com`;
    if (kind === 'url') return `https://example.com/${digest.slice(0, 8)}`;
    if (kind === 'ip') return `192.0.2.${Number.parseInt(digest.slice(0, 2), 16)}`;
    return `<${kind.toUpperCase()}-${digest.slice(0, 6)}>`;
  },
};

/** A prompt with every text in it scrubbed: content of messages, names, arguments of calls. */
export function scrubSaid(said: Said, scrub: (text: string) => string): Said {
  return typeof said === 'string' ? scrub(said) : (scrubValue(said, scrub) as Said);
}

export function scrubValue(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map(one => scrubValue(one, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, scrubValue(one, scrub)]));
}
