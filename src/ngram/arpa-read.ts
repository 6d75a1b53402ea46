/**
 * Reads ARPA files (SRILM's ngram-format(5)) written by this project, KenLM or others into a model of text. A file
 * without `<unk>` gives unknown words a probability of 10^-100, as KenLM does.
 */
import { statSync } from 'node:fs';
import { namingFile, UserError } from '../support/errors.ts';
import { fromArpaWord } from './arpa-words.ts';
import { linesOfFile } from './lines.ts';
import { NgramModel } from './model.ts';
import { END, Lexicon, START, type TextUnits, UNKNOWN } from './text.ts';
import { findChild, type TrieLevel } from './trie.ts';

const MISSING_UNKNOWN = -100;

/** The lines of one `\n-grams:` section, in the order of the file. */
interface Section {
  /** Node of each n-gram without its last token, one level down; empty for n = 1. */
  readonly parents: Uint32Array;
  readonly tokens: Uint32Array;
  readonly logProbs: Float32Array;
  readonly logBackoffs: Float32Array;
}

/** @throws UserError that names the line of a malformed file */
export function readArpa(path: string, units: TextUnits = 'words'): { model: NgramModel; lexicon: Lexicon } {
  const status = namingFile(path, () => statSync(path));
  const bytes = status.isFile() ? status.size : Number.POSITIVE_INFINITY;
  let lineNumber = 0;
  let line: string | undefined;
  const lines = linesOfFile(path);
  const next = (): string | undefined => {
    do {
      lineNumber++;
      line = lines.next().value ?? undefined;
    } while (line !== undefined && isBlank(line));
    return line;
  };
  const bad = (problem: string): UserError =>
    new UserError('TSLM_BAD_ARPA', `${path}:${lineNumber}: ${problem}`, {
      hint: 'the file may be cut off or not be an ARPA language model',
    });

  while (next() !== undefined && line !== '\\data\\');
  const sizes: number[] = [];
  for (let match = /^ngram (\d+)=(\d+)$/.exec(next() ?? ''); match; match = /^ngram (\d+)=(\d+)$/.exec(next() ?? '')) {
    if (Number(match[1]) !== sizes.length + 1) throw bad(`expected 'ngram ${sizes.length + 1}=…'`);
    if (Number(match[2]) * shortestLine(sizes.length + 1) > bytes)
      throw bad(`more n-grams than ${bytes} bytes can hold`);
    sizes.push(Number(match[2]));
  }
  if (sizes.length === 0) throw bad("expected '\\data\\' and a line 'ngram 1=…'");

  const order = sizes.length;
  const ids = new Map<string, number>();
  const levels: TrieLevel[] = [];
  for (let n = 1; n <= order; n++) {
    if (line !== `\\${n}-grams:`) throw bad(`expected '\\${n}-grams:'`);
    const section = emptySection(sizes[n - 1], n, order);
    for (let i = 0; i < sizes[n - 1]; i++) {
      const fields = fieldsOf(next() ?? '');
      const logProb = Number(fields[0]);
      const logBackoff = Number(fields[n + 1] ?? 0);
      if (fields.length < n + 1 || fields.length > n + 2 || Number.isNaN(logProb) || Number.isNaN(logBackoff)) {
        throw bad(`expected a probability, ${n} word${n > 1 ? 's' : ''} and perhaps a backoff weight`);
      }
      if (n === 1) ids.set(fields[1], i);
      let parent = -1;
      for (let k = 1; k <= n; k++) {
        const token = ids.get(fields[k]);
        if (token === undefined) throw bad(`'${fields[k]}' is not among the unigrams`);
        if (k === n) section.tokens[i] = token;
        else parent = k === 1 ? token : findChild(levels, k - 1, parent, token);
        if (k < n && parent < 0) throw bad(`'${fields.slice(1, n).join(' ')}' is extended here but not listed itself`);
      }
      if (n > 1) section.parents[i] = parent;
      section.logProbs[i] = logProb * Math.LN10;
      if (n < order) section.logBackoffs[i] = logBackoff * Math.LN10;
    }
    if (n === 1) {
      if (ids.size !== sizes[0]) throw bad('a word is listed twice');
      levels.push(unigramLevel(section, ids, order, bad));
    } else {
      const { level, childStart, twice } = sortSection(section, levels[n - 2].tokens.length, ids.size);
      if (twice) throw bad(`an n-gram of length ${n} is listed twice`);
      levels[n - 2] = { ...levels[n - 2], childStart };
      levels.push(level);
    }
    next();
  }
  if (line !== '\\end\\') throw bad("expected '\\end\\'");
  const lexicon = new Lexicon(units, Array.from(ids.keys(), fromWord));
  return { model: new NgramModel(levels, lexicon.vocabulary), lexicon };
}

/** Bytes that an n-gram takes at least: a digit, n words, and what stands between them and after. */
const shortestLine = (n: number): number => 1 + 2 * n + 1;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;

function isBlank(line: string): boolean {
  for (let i = 0; i < line.length; i++) if (!isSpace(line.charCodeAt(i))) return false;
  return true;
}

/** What stands between spaces and tabs; other white space can be part of a word. By hand, twice as fast as a pattern. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  let start = 0;
  for (let i = 0; i <= line.length; i++) {
    if (i < line.length && !isSpace(line.charCodeAt(i))) continue;
    if (i > start) fields.push(line.slice(start, i));
    start = i + 1;
  }
  return fields;
}

/** The symbols themselves are no escapes: a token that is spelled like one keeps its backslash in the lexicon. */
const fromWord = (word: string): string => (word === '\\<s>' || word === '\\</s>' ? word : fromArpaWord(word));

const emptySection = (size: number, n: number, order: number): Section => ({
  parents: new Uint32Array(n > 1 ? size : 0),
  tokens: new Uint32Array(size),
  logProbs: new Float32Array(size),
  logBackoffs: new Float32Array(n < order ? size : 0),
});

/** Unigrams are indexed by id, so they stay in the order of the file; an unknown word is added where there is none. */
function unigramLevel(
  section: Section,
  ids: Map<string, number>,
  order: number,
  bad: (problem: string) => UserError,
): TrieLevel {
  for (const symbol of [START, END]) if (!ids.has(symbol)) throw bad(`the unigrams lack ${symbol}`);
  const missing = ids.has(UNKNOWN) ? 0 : 1;
  const grown = <T extends Float32Array | Uint32Array>(values: T, last: number): T => {
    const all = new (values.constructor as new (length: number) => T)(values.length + missing);
    all.set(values);
    if (missing) all[values.length] = last;
    return all;
  };
  if (missing) ids.set(UNKNOWN, ids.size);
  const logProbs = grown(section.logProbs, MISSING_UNKNOWN * Math.LN10);
  // Files give the start a probability of 1 or of almost 0; it is never predicted.
  logProbs[ids.get(START)!] = -Infinity;
  return {
    tokens: grown(section.tokens, ids.size - 1),
    logProbs,
    logBackoffs: order > 1 ? grown(section.logBackoffs, 0) : section.logBackoffs,
    childStart: new Uint32Array(0),
  };
}

/** Orders a section by parent, then token, and finds the child range of every parent. */
function sortSection(section: Section, parentCount: number, tokenCount: number) {
  const size = section.tokens.length;
  const byToken = countingSort(Uint32Array.from(section.tokens.keys()), section.tokens, tokenCount);
  const sorted = countingSort(byToken.sorted, section.parents, parentCount);
  const pick = <T extends Float32Array | Uint32Array>(values: T): T =>
    values.map((_, i) => values[sorted.sorted[i]]) as T;
  const level: TrieLevel = {
    tokens: pick(section.tokens),
    logProbs: pick(section.logProbs),
    logBackoffs: pick(section.logBackoffs),
    childStart: new Uint32Array(0),
  };
  const parents = pick(section.parents);
  let twice = false;
  for (let i = 1; i < size; i++) twice ||= parents[i] === parents[i - 1] && level.tokens[i] === level.tokens[i - 1];
  return { level, childStart: sorted.starts, twice };
}

/** Stable sort of `items` by `keys[item]`; starts[key] is where the items of a key begin. */
function countingSort(items: Uint32Array, keys: Uint32Array, keyCount: number) {
  const starts = new Uint32Array(keyCount + 1);
  for (let i = 0; i < items.length; i++) starts[keys[items[i]] + 1]++;
  for (let key = 1; key <= keyCount; key++) starts[key] += starts[key - 1];
  const free = starts.slice();
  const sorted = new Uint32Array(items.length);
  for (let i = 0; i < items.length; i++) sorted[free[keys[items[i]]]++] = items[i];
  return { sorted, starts };
}
