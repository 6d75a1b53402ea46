/**
 * Items of arrays that must all differ, which no automaton can tell: the arrays that are open while a text of JSON is
 * written, and the items that they have. Tokens that would end an item which is there already are taken from a mask, and
 * those after which every item would be one.
 */
import { PREFERRED } from './automata/nearest.ts';
import type { Configuration, Pushdown } from './grammar/pushdown.ts';
import { memo } from './memo.ts';
import type { Vocabulary } from './vocabulary/vocabulary-data.ts';
import { spend } from './work.ts';

/** An array or object that is open. */
interface Level {
  readonly isArray: boolean;
  readonly isUnique: boolean;
  /** Its items so far: as they were written, and as equal ones are spelled. Only where they must differ. */
  readonly written: readonly string[];
  readonly spelled: readonly string[];
  /** Where its next item begins. */
  readonly start: number;
  readonly parent: Level | undefined;
}

/** Where a text is, its bytes as characters; never changed. */
export interface Track {
  readonly text: string;
  readonly level: Level | undefined;
  readonly isInString: boolean;
  readonly isEscaped: boolean;
}

export const START: Track = { text: '', level: undefined, isInString: false, isEscaped: false };

/** Bytes that are tried to find an item that is not there yet; where it takes more, there is one. */
const MOST_TRIED = 4000;

/** @param after the configuration after the byte; undefined where an item ends that was there before */
export function follow(track: Track, byte: number, after: Configuration): Track | undefined {
  const char = String.fromCharCode(byte);
  const text = track.text + char;
  const { level, isInString, isEscaped } = track;
  if (isInString) {
    const isOver = char === '"' && !isEscaped;
    return { text, level, isInString: !isOver, isEscaped: char === '\\' && !isEscaped };
  }
  const next = (open: Level | undefined): Track => ({
    text,
    level: open && after.opensUnique && open.isArray ? { ...open, isUnique: true } : open,
    isInString: char === '"',
    isEscaped: false,
  });
  if (char === '[' || char === '{') {
    const isArray = char === '[';
    return next({ isArray, isUnique: false, written: [], spelled: [], start: text.length, parent: level });
  }
  if (char !== ',' && char !== ']' && char !== '}') return next(level);
  const ended = level?.isUnique ? withItem(level, track.text) : level;
  if (!ended) return undefined;
  return next(char === ',' ? { ...ended, start: text.length } : ended.parent);
}

function withItem(level: Level, text: string): Level | undefined {
  const item = text.slice(level.start).trim();
  if (item === '') return level;
  const spelling = spelled(JSON.parse(Buffer.from(item, 'latin1').toString('utf8')) as unknown);
  if (level.spelled.includes(spelling)) return undefined;
  return { ...level, written: [...level.written, item], spelled: [...level.spelled, spelling] };
}

/** Equal values have the same: the order of properties does not count, nor how numbers are written. */
const spelled = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** The mask without the tokens that repeat an item. */
export function withoutRepeats(
  mask: Uint32Array,
  track: Track,
  at: Configuration,
  { pushdown, vocabulary, isFirst }: { pushdown: Pushdown; vocabulary: Vocabulary; isFirst: boolean },
): Uint32Array {
  const open = uniqueLevels(track);
  if (open.length === 0 && !at.opensUnique && track.text !== '') return mask;
  const { ending, digits, byText } = memo(tokensOf, isFirst ? vocabulary.firstTokens : vocabulary.tokens, () =>
    sorted(isFirst ? vocabulary.firstTexts : vocabulary.texts),
  );
  const kept = mask.slice();
  const candidates = new Set(ending);
  for (const { written, start } of open) {
    const begun = track.text.slice(start).trimStart();
    if (NUMBER.test(begun) && written.some(item => NUMBER.test(item))) for (const id of digits) candidates.add(id);
    for (const item of written) {
      if (!item.startsWith(begun)) continue;
      for (let end = begun.length + 1; end <= item.length; end++) {
        for (const id of byText.get(item.slice(begun.length, end)) ?? []) candidates.add(id);
      }
    }
  }
  for (const id of candidates) {
    if (((kept[id >> 5] >>> (id & 31)) & 1) === 0) continue;
    const text = isFirst ? vocabulary.firstTextOf(id) : vocabulary.textOf(id);
    if (text && !isGood(text)) kept[id >> 5] &= ~(1 << (id & 31));
  }
  return kept;

  function isGood(text: Uint8Array): boolean {
    let here: Track | undefined = track;
    let configuration: Configuration | null = at;
    for (const byte of text) {
      configuration = pushdown.step(configuration, byte);
      here = configuration ? follow(here, byte, configuration) : undefined;
      if (!here || !configuration) return false;
    }
    spend(5 * text.length);
    const state: [Track, Configuration] = [here, configuration];
    return uniqueLevels(here).every(level => !mayRepeat(level, here) || hasOther(...state, level, pushdown));
  }
}

/** A number, or the beginning of one. */
const NUMBER = /^-?[\d.eE+-]*$/;

const uniqueLevels = ({ level }: Track): Level[] => {
  const found: Level[] = [];
  for (let one = level; one; one = one.parent) if (one.isUnique && one.written.length > 0) found.push(one);
  return found;
};

/** Whether what is written of the next item is the beginning of one that is there, or equal to it. */
function mayRepeat(level: Level, track: Track): boolean {
  const begun = track.text.slice(level.start).trim();
  if (level.written.some(item => item.startsWith(begun))) return true;
  const mayBeWhole = level === track.level && !track.isInString && /[\d\]}]$/.test(begun);
  return mayBeWhole && !withItem(level, track.text);
}

/** Whether the array can go on so that its next item is none of those that are there. */
function hasOther(from: Track, at: Configuration, level: Level, pushdown: Pushdown): boolean {
  const depth = depthOf(from.level);
  const own = depth - depthOf(level);
  let tried = 0;
  const search = (track: Track, configuration: Configuration): boolean => {
    for (const byte of PREFERRED) {
      const next = pushdown.step(configuration, byte);
      if (!next) continue;
      if (++tried > MOST_TRIED) return true;
      const then = follow(track, byte, next);
      if (!then) continue;
      // The array is over, or has an item more.
      const left = depthOf(then.level) - (depth - own);
      if (left < 0 || (left === 0 && then.level!.written.length > level.written.length)) return true;
      if (search(then, next)) return true;
    }
    return false;
  };
  const isFound = search(from, at);
  spend(10 * tried);
  return isFound;
}

function depthOf(level: Level | undefined): number {
  let depth = 0;
  for (let one = level; one; one = one.parent) depth++;
  return depth;
}

interface Tokens {
  /** Tokens with what ends an item, and those with digits. */
  ending: number[];
  digits: number[];
  /** Tokens by their texts, bytes as characters. */
  byText: ReadonlyMap<string, number[]>;
}
const tokensOf = new WeakMap<object, Tokens>();

function sorted(texts: readonly (Uint8Array | undefined)[]): Tokens {
  const byText = new Map<string, number[]>();
  const ending: number[] = [];
  const digits: number[] = [];
  for (const [id, text] of texts.entries()) {
    if (!text) continue;
    memo(byText, Buffer.from(text).toString('latin1'), (): number[] => []).push(id);
    if ([0x2c, 0x5d, 0x7d].some(byte => text.includes(byte))) ending.push(id);
    if (text.some(byte => byte >= 0x30 && byte <= 0x39)) digits.push(id);
  }
  return { ending, digits, byText };
}
