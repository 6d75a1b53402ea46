/** The normalizer `StripAccents` of tokenizer.json. */
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { COMBINING_MARK } from '../unicode/categories.ts';
import type { Normalizer } from './normalizer.ts';

/** Removes combining marks; meant to follow a decomposition. */
export const createStripAccents: Factory<Normalizer> = (config, where) => {
  parseConfig(bare('StripAccents'), config, where);
  return { normalize: text => text.mapCodePoints(char => (COMBINING_MARK.test(char) ? '' : char)) };
};
