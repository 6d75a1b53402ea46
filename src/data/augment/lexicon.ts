/** Which words stand for which: a file with a word and its synonyms a line, or whatever gives synonyms of a word. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { namingFile, UserError } from '../../support/errors.ts';
import { stopWordList } from '../prepare/preprocess/stop-words.ts';

export interface Synonyms {
  /** Of a word as it is written or in lower case, itself left out; none for a word that is not known. */
  synonymsOf(word: string): readonly string[];
  /** SHA-256 of what they come from. */
  readonly fingerprint: string;
}

export interface Lexicon extends Synonyms {
  isStopWord(word: string): boolean;
}

/** With the stop words of English and Chinese, which are not replaced. Without synonyms no word has any. */
export function lexiconOf({ synonymsOf, fingerprint }: Synonyms = NONE): Lexicon {
  const stopWords = new Set(['english', 'chinese'].flatMap(name => stopWordList(name).words));
  return { synonymsOf, fingerprint, isStopWord: word => stopWords.has(word.toLowerCase()) };
}

const NONE: Synonyms = { synonymsOf: () => [], fingerprint: '' };

/** Reads lines of a word and its synonyms, with tabs between them; of a word that is there twice, all synonyms count. */
export function readSynonyms(path: string): Synonyms {
  const content = namingFile(path, () => readFileSync(path, 'utf8'));
  const synonyms = new Map<string, string[]>();
  for (const [i, line] of content
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const [word, ...others] = line.split('\t').map(part => part.trim());
    if (word === '' || others.length === 0 || others.includes('')) {
      throw new UserError('TSLM_BAD_SYNONYMS', `${path}: line ${i + 1} is no word with its synonyms`, {
        hint: 'a line is a word, a tab, and synonyms with tabs between them',
      });
    }
    const known = synonyms.get(word) ?? [];
    synonyms.set(word, [...known, ...others.filter(other => other !== word && !known.includes(other))]);
  }
  return {
    synonymsOf: word => synonyms.get(word) ?? synonyms.get(word.toLowerCase()) ?? [],
    fingerprint: createHash('sha256').update(content).digest('hex'),
  };
}
