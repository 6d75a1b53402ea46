/** Cleaning of a text: encoding repair, normalization, control characters, white space. */
import { repairCharacters } from './characters.ts';
import { tidyWhiteSpace } from './white-space.ts';

/** A text with more encoding errors than this share of its characters is in another encoding, or no text. */
const MAX_ENCODING_ERRORS = 0.1;

/** What cleaning may change in a document; counted by documents. */
export const REPAIRS = ['encoding errors', 'Unicode form', 'control characters', 'white space'] as const;
export type Repair = (typeof REPAIRS)[number];

export interface CleanResult {
  text: string;
  /** More encoding errors than a text can have. */
  undecodable: boolean;
}

/** Repairs characters and white space; calls `report` for what had to be changed. */
export function cleanText(text: string, ascii: boolean, report: (repair: Repair) => void): CleanResult {
  const { text: repaired, repairs } = repairCharacters(text, ascii);
  if (repairs.encodingErrors > text.length * MAX_ENCODING_ERRORS) return { text: repaired, undecodable: true };
  const tidy = tidyWhiteSpace(repaired);
  if (repairs.encodingErrors > 0) report('encoding errors');
  if (repairs.unicode) report('Unicode form');
  if (repairs.controlCharacters) report('control characters');
  if (tidy !== repaired) report('white space');
  return { text: tidy, undecodable: false };
}
