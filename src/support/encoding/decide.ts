/** The encoding of a text: by its byte order mark, else UTF-8 where the bytes are, else what its letters look like. */
import { analyse } from 'chardet';
import type { Census } from './census.ts';
import { createDecoder } from './decoder.ts';
import { utf16Of } from './utf16.ts';

export interface EncodingDecision {
  /** Canonical name in the WHATWG Encoding Standard, such as `gb18030`. */
  encoding: string;
  /** `mark`: a byte order mark; `valid`: UTF-8 from first to last byte; `given`: as asked for; `detected`: by its letters. */
  by: 'mark' | 'valid' | 'given' | 'detected';
  /** Of a detection, 0 to 1. */
  confidence?: number;
  /** Sequences of bytes that are no characters, in a text that is UTF-8 otherwise. */
  damaged: number;
}

/** Encodings that a text may be in, best first, where none of them is sure. */
export interface EncodingDoubt {
  candidates: { encoding: string; confidence: number }[];
}

/** The text is UTF-8 if there are at least this many valid sequences for each invalid one. */
const GOOD_PER_DAMAGED = 20;
/** A detection is sure from here on, where it is so much more probable than the next that reads otherwise. */
const MIN_CONFIDENCE = 0.25;
const MIN_RATIO = 1.2;
const MIN_DISTANCE = 0.15;
/** With fewer letters beyond ASCII, a detection of this confidence is a guess. */
const lettersFor = (confidence: number): number => (confidence > 0.9 ? 1 : confidence >= 0.6 ? 3 : 5);
/** Only a text with so few characters beyond ASCII may be UTF-8 by chance. */
const CHANCE_CHARACTERS = 3;
/** ASCII in UTF-16 has a zero for each letter; a stray one is damage. */
const MIN_ZEROS = 0.25;
/** ISO-2022-JP is ASCII with escape sequences. */
const ESCAPE = /\x1b\$[@B]/;

/** @param given an encoding that was asked for: it holds for what is not UTF-8 */
export function decideEncoding(census: Census, given?: string): EncodingDecision | EncodingDoubt {
  const marked = encodingOfMark(census.head);
  if (marked) return { encoding: marked, by: 'mark', damaged: marked === 'utf-8' ? census.invalid : 0 };
  const asked = given === undefined ? undefined : createDecoder(given).encoding;
  if (asked?.startsWith('utf-16')) return { encoding: asked, by: 'given', damaged: 0 };
  const { multibyte, invalid } = census;
  if (invalid === 0 && (asked === undefined || asked === 'utf-8' || multibyte > CHANCE_CHARACTERS)) {
    return decideAmongAscii(census) ?? { encoding: 'utf-8', by: 'valid', damaged: 0 };
  }
  if (asked !== undefined) return { encoding: asked, by: 'given', damaged: asked === 'utf-8' ? invalid : 0 };
  const utf16 = utf16Of(census.head);
  if (utf16) return { encoding: utf16, by: 'detected', confidence: 1, damaged: 0 };
  if (multibyte >= GOOD_PER_DAMAGED * invalid) return { encoding: 'utf-8', by: 'valid', damaged: invalid };
  return detect(census);
}

export const isDecided = (result: EncodingDecision | EncodingDoubt): result is EncodingDecision => 'by' in result;

export function encodingOfMark(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** Encodings whose bytes are all ASCII. */
function decideAmongAscii({ head, multibyte }: Census): EncodingDecision | undefined {
  if (multibyte > 0) return undefined;
  const zeros = head.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
  if (zeros > head.length * MIN_ZEROS) {
    const encoding = utf16Of(head);
    return encoding && { encoding, by: 'detected', confidence: 1, damaged: 0 };
  }
  if (!ESCAPE.test(Buffer.from(head).toString('latin1'))) return undefined;
  return { encoding: 'iso-2022-jp', by: 'detected', confidence: 1, damaged: 0 };
}

function detect({ sample, multibyte, invalid }: Census): EncodingDecision | EncodingDoubt {
  const readings = analyse(sample).flatMap(({ name, confidence }) => readingOf(sample, name, confidence / 100));
  const candidates = readings.map(({ encoding, confidence }) => ({ encoding, confidence }));
  const [best] = readings;
  if (best === undefined) return { candidates };
  const next = readings.find(({ text }) => text !== best.text);
  const { encoding, confidence } = best;
  const isSure =
    best.isClean &&
    confidence >= MIN_CONFIDENCE &&
    invalid >= lettersFor(confidence) &&
    confidence >= MIN_RATIO * (next?.confidence ?? 0) &&
    confidence - (next?.confidence ?? 0) >= MIN_DISTANCE &&
    // A text of two encodings is in neither.
    multibyte <= invalid;
  return isSure ? { encoding, by: 'detected', confidence, damaged: 0 } : { candidates };
}

interface Reading {
  encoding: string;
  confidence: number;
  text: string;
  /** Nothing in it that no text holds. */
  isClean: boolean;
}

/** Nothing where no such decoder exists, or the bytes are not of this encoding. */
function readingOf(sample: Uint8Array, name: string, confidence: number): Reading[] {
  if (name === 'UTF-8' || name.startsWith('UTF-')) return [];
  try {
    const decoder = createDecoder(name);
    const text = decoder.decode(sample);
    const isClean = !/[\u0080-\u009f\p{Cn}]|\ufffd(?!$)/u.test(text);
    return [{ encoding: decoder.encoding, confidence, text, isClean }];
  } catch {
    return [];
  }
}
