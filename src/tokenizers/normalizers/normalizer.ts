/** What a normalizer is. */
import type { AlignedText } from '../aligned-text.ts';

/** Changes text before it is split: Unicode normal forms, lower case, replacements. */
export interface Normalizer {
  normalize(text: AlignedText): AlignedText;
}
