/** The ways in which training splits text, and how tokenizer.json says the same. */
import { isPair } from '../byte-bpe/char-classes.ts';
import { gpt4Pattern, type Scanner, scannerFor } from '../byte-bpe/scanners.ts';
import { GPT2_PATTERN } from '../pre-tokenizers/byte-level.ts';

export type SplitName = 'gpt2' | 'gpt4' | 'char';

const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});

const isolated = (pattern: string) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

/** Any character, line ends included. */
const ANY_CHARACTER = '[\\s\\S]';

export const SPLITS: Record<SplitName, { scan: Scanner; preTokenizer: object }> = {
  /** GPT-2's: words with the space before them, numbers, punctuation. */
  gpt2: { scan: scannerFor(GPT2_PATTERN)!, preTokenizer: byteLevel(true) },
  /** GPT-4's: numbers of up to three digits, line ends apart, contractions in any case. */
  gpt4: {
    scan: scannerFor(gpt4Pattern(3))!,
    preTokenizer: { type: 'Sequence', pretokenizers: [isolated(gpt4Pattern(3)), byteLevel(false)] },
  },
  /** Each code point alone. */
  char: {
    scan: (units, start, end) => start + (isPair(units, start, end) ? 2 : 1),
    preTokenizer: isolated(ANY_CHARACTER),
  },
};
