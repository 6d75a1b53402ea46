/** What a tokenizer is made of, and how tokenizers compare on a text. */
import type { Tokenizer } from './tokenizer.ts';

const COMPONENTS = ['normalizer', 'pre_tokenizer', 'model', 'post_processor', 'decoder'] as const;

export interface TokenizerFacts {
  vocabSize: number;
  /** The type of each component, null where there is none. */
  components: Record<(typeof COMPONENTS)[number], string | null>;
  specialTokens: Record<string, { content: string; id: number }>;
  /** A sign of what the tokenizer was trained on. */
  longestTokens: string[];
}

export function inspectTokenizer(tokenizer: Tokenizer): TokenizerFacts {
  const json = tokenizer.toJSON() as Record<string, { type?: string } | null>;
  const named = Object.entries(tokenizer.config).filter(
    (entry): entry is [string, string] => entry[0].endsWith('_token') && typeof entry[1] === 'string',
  );
  const special = named.flatMap(([name, content]) => {
    const id = tokenizer.tokenToId(content);
    return id === undefined ? [] : [[name, { content, id }] as const];
  });
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]));
  return {
    vocabSize: tokenizer.vocabSize,
    components: Object.fromEntries(
      COMPONENTS.map(name => [name, json[name] ? (json[name].type ?? 'BPE') : null]),
    ) as TokenizerFacts['components'],
    specialTokens: Object.fromEntries(special),
    longestTokens: tokens.sort((a, b) => b.length - a.length).slice(0, 5),
  };
}

export interface TokenizerScore {
  vocabSize: number;
  tokens: number;
  /** Bytes of UTF-8 for each token: more is shorter. */
  bytesPerToken: number;
  /** Unknown tokens in the text. */
  unknown: number;
}

export async function compareTokenizers(
  tokenizers: readonly Tokenizer[],
  texts: AsyncIterable<string>,
): Promise<TokenizerScore[]> {
  let bytes = 0;
  const counts = tokenizers.map(() => ({ tokens: 0, unknown: 0 }));
  for await (const text of texts) {
    bytes += Buffer.byteLength(text);
    for (const [i, tokenizer] of tokenizers.entries()) {
      const ids = tokenizer.encodeIds(text);
      const { unkTokenId } = tokenizer;
      counts[i].tokens += ids.length;
      counts[i].unknown += unkTokenId === undefined ? 0 : ids.filter(id => id === unkTokenId).length;
    }
  }
  return tokenizers.map(({ vocabSize }, i) => ({ vocabSize, bytesPerToken: bytes / counts[i].tokens, ...counts[i] }));
}
