/**
 * EDA, "Easy Data Augmentation" (Wei & Zou 2019, 2): a variant of a sentence by one of four operations, drawn at random. Of l
 * words n = α·l are changed, one at least: replaced by a synonym, given a synonym of another word in between, or swapped; or each
 * is left out with probability α. Stop words are not replaced.
 */
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import type { Random } from '../../support/random.ts';
import type { Lexicon } from './lexicon.ts';
import {
  inserted,
  type Sequence,
  sequenceOfTags,
  sequenceOfText,
  type Tag,
  textOf,
  type Unit,
  without,
} from './units.ts';

export const EDA_OPERATIONS = ['synonym', 'insert', 'swap', 'delete'] as const;
export type EdaOperation = (typeof EDA_OPERATIONS)[number];

export const edaKeys = {
  /** Share of the words that are changed. */
  alpha: z.number().gt(0).lt(1).default(0.1),
  /** What may be drawn. */
  operations: z
    .array(
      z.enum(EDA_OPERATIONS, {
        error: ({ input }) => `'${String(input)}' is not known; there are ${EDA_OPERATIONS.join(', ')}`,
      }),
    )
    .min(1)
    .default([...EDA_OPERATIONS]),
};

export interface EdaOptions {
  alpha?: number;
  operations?: readonly EdaOperation[];
  lexicon: Lexicon;
}

/** @throws UserError when operations need synonyms and there are none */
export function requireSynonyms(operations: readonly EdaOperation[], hasSynonyms: boolean, hint: string): void {
  const needing = operations.find(operation => operation === 'synonym' || operation === 'insert');
  if (needing === undefined || hasSynonyms) return;
  throw usageError('TSLM_NO_SYNONYMS', `EDA's operation '${needing}' needs synonyms`, hint);
}

/** A variant of a text; the text itself where nothing can be changed. */
export const edaText = (text: string, options: EdaOptions, random: Random): string =>
  textOf(eda(sequenceOfText(text), options, random));

/** A variant of a sentence with a tag a word: each word keeps its tag, and the words of an entity stay together. */
export function edaTagged(
  { tokens, tags }: { tokens: readonly string[]; tags: readonly Tag[] },
  options: EdaOptions,
  random: Random,
): { tokens: string[]; tags: Tag[] } {
  const { units } = eda(sequenceOfTags(tokens, tags), options, random);
  return { tokens: units.flatMap(({ words }) => words), tags: units.flatMap(unit => unit.tags) };
}

function eda(sequence: Sequence, { alpha = 0.1, operations = EDA_OPERATIONS, lexicon }: EdaOptions, random: Random) {
  const operation = operations[random.below(operations.length)];
  const count = Math.max(1, Math.floor(alpha * sequence.units.length));
  if (operation === 'synonym') return replaceBySynonyms(sequence, count, lexicon, random);
  if (operation === 'insert') return insertSynonyms(sequence, count, lexicon, random);
  if (operation === 'swap') return swapWords(sequence, count, random);
  return deleteWords(sequence, alpha, random);
}

/** Synonym replacement: `count` words that are no stop words, each by one of its synonyms. */
export function replaceBySynonyms(sequence: Sequence, count: number, lexicon: Lexicon, random: Random): Sequence {
  const units = [...sequence.units];
  let left = count;
  for (const place of random.shuffle([...units.keys()])) {
    if (left === 0) break;
    const replaced = synonymOf(units[place], lexicon, random);
    if (!replaced) continue;
    units[place] = replaced;
    left--;
  }
  return { ...sequence, units };
}

/** Random insertion, `count` times: a synonym of a random word that is no stop word, at a random place. */
export function insertSynonyms(sequence: Sequence, count: number, lexicon: Lexicon, random: Random): Sequence {
  let result = sequence;
  for (let i = 0; i < count; i++) {
    const synonym = firstOf(random.shuffle([...sequence.units]), unit => synonymOf(unit, lexicon, random));
    if (!synonym) break;
    result = inserted(result, random.below(result.units.length + 1), synonym);
  }
  return result;
}

/** Random swap, `count` times: two words change places; what stands between words stays. */
export function swapWords(sequence: Sequence, count: number, random: Random): Sequence {
  const units = [...sequence.units];
  if (units.length < 2) return sequence;
  for (let i = 0; i < count; i++) {
    const a = random.below(units.length);
    const drawn = random.below(units.length - 1);
    const b = drawn < a ? drawn : drawn + 1;
    [units[a], units[b]] = [units[b], units[a]];
  }
  return { ...sequence, units };
}

/** Random deletion: each word with a probability; one at least stays. */
export function deleteWords(sequence: Sequence, probability: number, random: Random): Sequence {
  const places = [...sequence.units.keys()].filter(() => random.next() < probability);
  const { length } = sequence.units;
  if (places.length === length && length > 0) places.splice(random.below(length), 1);
  return without(sequence, new Set(places));
}

/** A word with a synonym in its place, written like it; undefined for what has none, stop words and entities of several words. */
function synonymOf({ words, tags }: Unit, { synonymsOf, isStopWord }: Lexicon, random: Random): Unit | undefined {
  if (words.length > 1 || isStopWord(words[0])) return undefined;
  const synonyms = synonymsOf(words[0]);
  if (synonyms.length === 0) return undefined;
  return { words: [inCaseOf(words[0], synonyms[random.below(synonyms.length)])], tags };
}

function inCaseOf(word: string, synonym: string): string {
  const isUpper = word.length > 1 && word === word.toUpperCase() && word !== word.toLowerCase();
  if (isUpper) return synonym.toUpperCase();
  const isCapital = word[0] !== word[0].toLowerCase();
  return isCapital ? synonym[0].toUpperCase() + synonym.slice(1) : synonym;
}

function firstOf<From, To>(items: readonly From[], to: (item: From) => To | undefined): To | undefined {
  for (const item of items) {
    const found = to(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
