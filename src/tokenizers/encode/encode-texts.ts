/** From texts to an encoding: each is cut into tokens, then truncated, and special tokens are put around it. */
import type { TextInput } from './encode-options.ts';
import { Encoding } from './encoding.ts';
import type { Pipeline } from './pipeline.ts';
import { tokenizeText } from './tokenize-text.ts';
import { type Truncation, truncateEncodings } from './truncation.ts';

/**
 * Encodes a text, or the two texts of a pair, into one encoding.
 *
 * @param truncation how to cut them; undefined leaves them whole
 */
export function encodeTexts(
  pipeline: Pipeline,
  texts: readonly TextInput[],
  addSpecialTokens: boolean,
  truncation: Truncation | undefined,
): Encoding {
  const { postProcessor } = pipeline;
  let encodings = texts.map((text, sequenceId) => {
    const limited = truncation && (truncation.strategy !== 'only_second' || sequenceId === 1);
    return encodeText(pipeline, text, sequenceId, limited ? truncation : undefined);
  });
  if (truncation) {
    const added = addSpecialTokens ? (postProcessor?.addedTokens(texts.length === 2) ?? 0) : 0;
    encodings = truncateEncodings(encodings, truncation.maxLength - added, truncation);
  }
  return Encoding.concat(postProcessor?.process(encodings, addSpecialTokens) ?? encodings);
}

function encodeText(pipeline: Pipeline, text: TextInput, sequenceId: number, limit: Truncation | undefined): Encoding {
  if (typeof text === 'string') return new Encoding([tokenizeText(pipeline, text, sequenceId, limit)]);
  return new Encoding(
    text.map((word, i) =>
      tokenizeText(pipeline, word, sequenceId, limit).withDetails(details => ({
        ...details,
        wordIds: details.wordIds.map(() => i),
      })),
    ),
  );
}
