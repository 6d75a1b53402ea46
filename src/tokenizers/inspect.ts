/** What a tokenizer is made of. */
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
