/** A text or a tagged sentence as units of words that are replaced, moved and left out, with all between them. */
import { isUnspaced, wordSpans } from '../words.ts';

export type Tag = string | number;

/** A word, or the words of an entity, which stay together. */
export interface Unit {
  words: readonly string[];
  /** One a word; none in a text without tags. */
  tags: readonly Tag[];
}

export interface Sequence {
  units: readonly Unit[];
  /** Of a text: what stands before each unit, and after the last one. */
  gaps?: readonly string[];
}

export function sequenceOfText(text: string): Sequence {
  const units: Unit[] = [];
  const gaps: string[] = [];
  let from = 0;
  for (const { start, end } of wordSpans(text)) {
    gaps.push(text.slice(from, start));
    units.push({ words: [text.slice(start, end)], tags: [] });
    from = end;
  }
  return { units, gaps: [...gaps, text.slice(from)] };
}

export const textOf = ({ units, gaps = [] }: Sequence): string =>
  gaps.map((gap, i) => gap + (units[i]?.words.join(' ') ?? '')).join('');

/** Tags of IOB, IOBES and the like: I-PER after B-PER goes on with its entity. Other tags are of one word each. */
export function sequenceOfTags(tokens: readonly string[], tags: readonly Tag[]): Sequence {
  const units: { words: string[]; tags: Tag[] }[] = [];
  for (const [i, word] of tokens.entries()) {
    const unit = i > 0 && goesOn(tags[i - 1], tags[i]) ? units.at(-1) : undefined;
    if (unit) {
      unit.words.push(word);
      unit.tags.push(tags[i]);
    } else units.push({ words: [word], tags: [tags[i]] });
  }
  return { units };
}

function goesOn(before: Tag, tag: Tag): boolean {
  const [, entity] = /^[IEM]-(.+)$/.exec(String(tag)) ?? [];
  return entity !== undefined && ['B', 'I', 'M'].some(first => before === `${first}-${entity}`);
}

/** A unit more, as number `at`. */
export function inserted({ units, gaps }: Sequence, at: number, unit: Unit): Sequence {
  const next = units[at] ?? units[at - 1];
  const isJoined = isUnspaced(unit.words[0]) && next !== undefined && isUnspaced(next.words[0]);
  const more = isJoined ? '' : ' ';
  return {
    units: units.toSpliced(at, 0, unit),
    gaps: gaps?.toSpliced(at < units.length ? at + 1 : at, 0, more),
  };
}

/** Without the units at some places; what punctuates the others stays. */
export function without({ units, gaps }: Sequence, places: ReadonlySet<number>): Sequence {
  const kept = units.filter((_, i) => !places.has(i));
  if (!gaps) return { units: kept };
  const left: string[] = [];
  let before = gaps[0];
  for (let i = 0; i < units.length; i++) {
    if (places.has(i)) before = joined(before, gaps[i + 1], left.length === 0, i + 1 === units.length);
    else {
      left.push(before);
      before = gaps[i + 1];
    }
  }
  return { units: kept, gaps: [...left, before] };
}

/** Punctuation that belongs to what came before it. */
const CLOSING = /^[\s\p{Po}\p{Pe}\p{Pf}\p{Pd}]+/u;

function joined(before: string, after: string, isStart: boolean, isEnd: boolean): string {
  if (isEnd) return after.trim() === '' ? before.trimEnd() + after : after;
  if (isStart) return before + after.replace(CLOSING, '');
  if (after.trim() === '' || after.trim() === before.trim()) return before;
  return before.trim() === '' ? after : before + after;
}
