/** How tokenizers compare on a text: how many tokens they make of it, in each script, and what they do not know. */
import type { Encoding } from './encode/encoding.ts';
import type { Tokenizer } from './tokenizer.ts';
import { scriptOf, scriptOfCharacter } from './unicode/scripts.ts';

export interface ScriptScore {
  /** Entries of the vocabulary. */
  vocabulary: number;
  /** Characters of the text. */
  characters: number;
  words: number;
  /** Tokens in the text, by the first character that has a script. */
  tokens: number;
  /** Unknown ones of them. */
  unknown: number;
  /** Characters that are in unknown tokens. */
  uncovered: number;
}

export interface TokenizerScore {
  vocabSize: number;
  /** Entries of the vocabulary that occur. */
  used: number;
  tokens: number;
  tokensPerCharacter: number;
  /** A word is a run of letters, marks and digits; in scripts that are written without spaces, a character. */
  tokensPerWord: number;
  /** Bytes of UTF-8 for each token: more is shorter. */
  bytesPerToken: number;
  /** The share of the characters that are in no unknown token. */
  coverage: number;
  /** Unknown tokens. */
  unknown: number;
  /** Tokens that stand for one byte of a character without a token. */
  fallbackBytes: number;
  scripts: Record<string, ScriptScore>;
}

const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Khmer}\\p{Script=Lao}';
const WORD = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+`, 'gu');
const FALLBACK_BYTE = /^<0x[0-9A-F]{2}>$/;

export async function compareTokenizers(
  tokenizers: readonly Tokenizer[],
  texts: Iterable<string> | AsyncIterable<string>,
): Promise<TokenizerScore[]> {
  const size = { bytes: 0, words: 0, characters: 0 };
  const scores = tokenizers.map(emptyScore);
  for await (const text of texts) {
    const characters = [...text];
    size.bytes += Buffer.byteLength(text);
    const words = text.match(WORD) ?? [];
    size.words += words.length;
    size.characters += characters.length;
    const byScript = countBy(characters, scriptOfCharacter);
    const wordsByScript = countBy(words, scriptOf);
    for (const [i, tokenizer] of tokenizers.entries()) {
      const encoding = tokenizer.encode(text, { addSpecialTokens: false });
      for (const [script, count] of byScript) entryOf(scores[i].scripts, script).characters += count;
      for (const [script, count] of wordsByScript) entryOf(scores[i].scripts, script).words += count;
      addTokens(scores[i], encoding, characters, tokenizer.unkTokenId);
    }
  }
  return tokenizers.map((tokenizer, i) => {
    const { tokens, seen, lost, unknown, fallbackBytes, scripts } = scores[i];
    for (const [script, count] of countBy(vocabularyOf(tokenizer), scriptOf))
      entryOf(scripts, script).vocabulary = count;
    const byTokens = Object.entries(scripts).sort(([, a], [, b]) => b.tokens - a.tokens || b.vocabulary - a.vocabulary);
    return {
      vocabSize: tokenizer.vocabSize,
      used: seen.size,
      tokens,
      tokensPerCharacter: ratio(tokens, size.characters),
      tokensPerWord: ratio(tokens, size.words),
      bytesPerToken: ratio(size.bytes, tokens),
      coverage: 1 - ratio(lost, size.characters),
      unknown,
      fallbackBytes,
      scripts: Object.fromEntries(byTokens),
    };
  });
}

/** One token of a text, as it is shown. */
export interface Segment {
  id: number;
  token: string;
  /** Where it begins in the text, in characters. */
  start: number;
  /** The characters that it stands for; empty for all but the first of several tokens of one character. */
  text: string;
  unknown: boolean;
}

/** How a tokenizer cuts a text. */
export function segmentText(tokenizer: Tokenizer, text: string): Segment[] {
  const { ids, tokens, offsets } = tokenizer.encode(text, { addSpecialTokens: false });
  const characters = [...text];
  let done = 0;
  return ids.map((id, i) => {
    const [start, end] = offsets[i];
    const from = Math.max(done, start);
    done = Math.max(done, end);
    const covered = characters.slice(from, done).join('');
    return {
      id,
      token: tokens[i],
      start: covered === '' ? start : from,
      text: covered,
      unknown: id === tokenizer.unkTokenId,
    };
  });
}

const emptyScore = () => ({
  tokens: 0,
  seen: new Set<number>(),
  /** Characters in unknown tokens. */
  lost: 0,
  unknown: 0,
  fallbackBytes: 0,
  scripts: {} as Record<string, ScriptScore>,
});

function addTokens(
  score: ReturnType<typeof emptyScore>,
  { ids, tokens, offsets }: Encoding,
  characters: readonly string[],
  unknownId: number | undefined,
): void {
  score.tokens += ids.length;
  for (const [i, id] of ids.entries()) {
    const [start, end] = offsets[i];
    score.seen.add(id);
    if (FALLBACK_BYTE.test(tokens[i])) score.fallbackBytes++;
    const covered = characters.slice(start, end);
    const script = entryOf(score.scripts, scriptOf(covered));
    script.tokens++;
    if (id !== unknownId) continue;
    score.unknown++;
    score.lost += end - start;
    script.unknown++;
    for (const char of covered) entryOf(score.scripts, scriptOfCharacter(char)).uncovered++;
  }
}

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

function entryOf(scripts: Record<string, ScriptScore>, script: string): ScriptScore {
  scripts[script] ??= { vocabulary: 0, characters: 0, words: 0, tokens: 0, unknown: 0, uncovered: 0 };
  return scripts[script];
}

const vocabularyOf = (tokenizer: Tokenizer): string[] =>
  Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]));

function countBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
