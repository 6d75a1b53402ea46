/** When texts can be encoded chunk by chunk, split at spaces. */
import { AlignedText } from '../aligned-text.ts';
import { Bpe } from '../models/bpe.ts';
import type { Model } from '../models/model.ts';
import type { Normalizer } from '../normalizers/normalizer.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { ChunkEncoder, type ChunkWord } from './encoder.ts';
import { cutOf } from './locality.ts';

/** The fast path for components, and the JSON of two of them; undefined for pipelines that look beyond spaces. */
export function createChunkEncoder(
  model: Model,
  normalizer: Normalizer | undefined,
  preTokenizer: PreTokenizer | undefined,
  normalizerJson: unknown,
  preTokenizerJson: unknown,
): ChunkEncoder | undefined {
  if (!preTokenizer || (model instanceof Bpe && model.isRandom)) return undefined;
  const cut = cutOf(normalizerJson, preTokenizerJson, normalizer);
  if (!cut) return undefined;
  const keeps = (char: string): boolean => !normalizer || normalizer.normalize(AlignedText.of(char)).length > 0;
  return new ChunkEncoder(cut, keeps, chunk => {
    const given = AlignedText.of(chunk);
    const text = normalizer?.normalize(given) ?? given;
    if (text.length === 0) return [];
    const pieces = preTokenizer.split(text).filter(piece => piece.length > 0);
    return pieces.map(
      (piece): ChunkWord =>
        model.tokenize(piece.text).map(({ id, token, start, end }) => ({
          ...{ id, token, start: piece.originalStart(start), end: piece.originalEnd(end) },
        })),
    );
  });
}
