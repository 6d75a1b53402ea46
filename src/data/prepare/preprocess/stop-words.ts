/** Words that are left out: lists by name (the package `stopword`), or a file with a word a line. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { eng, zho } from 'stopword';
import { namingFile, usageError } from '../../../support/errors.ts';
import { nearest } from '../../../support/nearest.ts';
import { wordSpans } from '../../words.ts';
import { type Changed, countCharacters } from './changed.ts';

const LISTS: Readonly<Record<string, readonly string[]>> = { english: eng, chinese: zho };

export interface StopWordList {
  /** As it was asked for. */
  name: string;
  words: string[];
  sha256: string;
}

/** @throws UserError for what is neither a list nor a file */
export function stopWordList(name: string): StopWordList {
  const words = [...new Set((LISTS[name] ?? readWords(name)).map(fold))];
  if (words.length === 0) throw usageError('TSLM_BAD_VALUE', `stop words: ${name} has no words`, 'write one a line');
  return { name, words, sha256: createHash('sha256').update(words.join('\n')).digest('hex') };
}

function readWords(path: string): string[] {
  if (!existsSync(path)) {
    const guess = nearest(path, Object.keys(LISTS));
    throw usageError(
      'TSLM_BAD_VALUE',
      `stop words: '${path}' is neither a list nor a file`,
      guess === undefined ? `the lists are ${Object.keys(LISTS).join(', ')}` : `did you mean '${guess}'?`,
    );
  }
  const text = namingFile(path, () => readFileSync(path, 'utf8')).replace(/^\ufeff/, '');
  if (text.includes('\ufffd')) {
    throw usageError('TSLM_UNKNOWN_ENCODING', `stop words: ${path} is not UTF-8`, 'write it again in UTF-8');
  }
  return text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '');
}

/** As words are compared. */
const fold = (word: string): string => word.toLowerCase().replaceAll('’', "'");

/** Leaves words out, in upper case too, each with one of the spaces around it; Chinese words are those of `Intl.Segmenter`. */
export function removeStopWords(text: string, words: ReadonlySet<string>): Changed {
  let result = '';
  let from = 0;
  let characters = 0;
  for (const { start, end } of wordSpans(text)) {
    const word = text.slice(start, end);
    if (!words.has(fold(word))) continue;
    result += text.slice(from, start);
    characters += countCharacters(word);
    from = end;
    const before = result.at(-1);
    if (text[from] === ' ' && (before === undefined || /\s/.test(before))) from++;
  }
  return { text: result + text.slice(from), characters };
}
