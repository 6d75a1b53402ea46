/** The normalizer `Nmt` of tokenizer.json. */
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { Normalizer } from './normalizer.ts';

const REMOVED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/;
const SPACE = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/;

/** SentencePiece's cleaning for translation: control characters go, unusual spaces and marks become spaces. */
export const createNmt: Factory<Normalizer> = (config, where) => {
  parseConfig(bare('Nmt'), config, where);
  return { normalize: text => text.mapCodePoints(char => (REMOVED.test(char) ? '' : SPACE.test(char) ? ' ' : char)) };
};
