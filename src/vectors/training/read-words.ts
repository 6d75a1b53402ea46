/** Text files as the words of a vocabulary. */
import { type ReadTextsOptions, readTexts } from '../../tokenizers/training/read-texts.ts';
import type { SentenceRule, WordRule } from './choices.ts';
import { type EncodedText, VocabularyBuilder, type VocabularyOptions } from './vocabulary.ts';
import { wordsOf } from './words.ts';

export interface ReadWordsOptions extends VocabularyOptions, ReadTextsOptions {
  /** What a word is. Default `unicode`. */
  rule?: WordRule;
  /** Default true. */
  lowercase?: boolean;
  /** Default `paragraph`. */
  sentences?: SentenceRule;
}

/** A longer line is cut after this many units. */
const MAX_UNITS = 1 << 16;

/** @throws UserError for a file that cannot be read, or without enough words */
export async function readWords(paths: readonly string[], options: ReadWordsOptions = {}): Promise<EncodedText> {
  const { sentences = 'paragraph' } = options;
  const builder = new VocabularyBuilder();
  const addLine = (line: string, isWhole: boolean): void => {
    const words = wordsOf(line, options);
    for (const word of words) builder.add(word);
    if (isWhole && (sentences === 'line' || words.length === 0)) builder.endSentence();
  };
  for (const path of paths) {
    // Pieces of a text without line ends are cut inside of words: the last word waits for the next piece.
    let rest = '';
    for await (const piece of readTexts([path], options)) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop()!;
      for (const line of lines) addLine(line, true);
      if (rest.length < MAX_UNITS) continue;
      const cut = Math.max(rest.lastIndexOf(' '), rest.lastIndexOf('\t'), rest.length - MAX_UNITS) + 1;
      addLine(rest.slice(0, cut), false);
      rest = rest.slice(cut);
    }
    addLine(rest, true);
    builder.endSentence();
  }
  return builder.build(options);
}
