/** Cleaning, preprocessing, filters and hashes of one document, as a worker thread does them. */
import { isAscii, isUtf8 } from 'node:buffer';
import { hash as digest } from 'node:crypto';
import type { Chunk } from '../readers/chunk.ts';
import { type BadRecord, type FileFailure, failureOf } from '../readers/facts.ts';
import { cleanText, type Repair } from './clean/clean.ts';
import { type RepetitionOptions, repetitionFault } from './clean/repetition.ts';
import { tidyWhiteSpace } from './clean/white-space.ts';
import { type Bands, bandKeys, minHash } from './dedup/minhash.ts';
import { hashShingles, shingleCount } from './dedup/shingles.ts';
import { type TakeOptions, takeDocuments } from './documents.ts';
import { type PreprocessPlan, preprocessSteps, type Step } from './preprocess/preprocess.ts';
import { Units } from './units.ts';

/** Why a document is left out; `empty` holds with or without cleaning. */
export const FAULTS = ['empty', 'undecodable', 'too short', 'too long', 'duplicate lines', 'repeated n-grams'] as const;
export type Fault = (typeof FAULTS)[number];

export interface ExamineOptions extends TakeOptions, RepetitionOptions {
  clean: boolean;
  preprocess: PreprocessPlan;
  minCharacters: number;
  maxCharacters: number;
  /** What to compute for near-duplicates; undefined for nothing. */
  bands: Bands | undefined;
}

/** The documents of one chunk that passed, and what happened to the others. */
export interface ExamineResult {
  source: number;
  /** The texts, one after the other, in UTF-8. */
  text: Uint8Array;
  /** Four numbers a document: bytes, characters, and the first 64 bits of its SHA-256. */
  documents: Uint32Array;
  /** One key a band and document. */
  keys: Uint32Array;
  /** Where each passed document stood among all documents of the chunk. */
  numbers: Uint32Array;
  /** Documents in all. */
  read: { documents: number; bytes: number };
  removed: Partial<Record<Fault, { documents: number; bytes: number }>>;
  /** The first document that each fault took: its place in the chunk, and how it begins. */
  examples: Partial<Record<Fault, { number: number; text: string }>>;
  repaired: Partial<Record<Repair, number>>;
  /** Documents that steps of preprocessing changed, and the characters in them. */
  preprocessed: Record<string, { documents: number; characters: number }>;
  /** Letters of each script. */
  scripts: Float64Array;
  records: number;
  lines: number;
  bad: BadRecord[];
  /** What is wrong with the whole file. */
  failure?: FileFailure;
}

/** Words of `ExamineResult.documents` that belong to one document. */
export const DOCUMENT_WORDS = 4;

/** Examines chunk after chunk; holds buffers that are used again. */
export class Examiner {
  private readonly options: ExamineOptions;
  private readonly units = new Units();
  private readonly signature: Uint32Array;
  private readonly bands: Bands | undefined;
  private readonly steps: readonly Step[];
  private shingles = new Uint32Array(1 << 12);

  constructor(options: ExamineOptions) {
    this.options = options;
    this.bands = options.bands;
    this.steps = preprocessSteps(options.preprocess);
    this.signature = new Uint32Array(this.bands ? this.bands.bands * this.bands.rows : 0);
  }

  /** @param repetition judge repetition; source code repeats itself without fault */
  examine(chunk: Chunk, repetition: boolean): ExamineResult {
    const texts: Uint8Array[] = [];
    const documents: number[] = [];
    const numbers: number[] = [];
    const keys: Uint32Array[] = [];
    const removed: ExamineResult['removed'] = {};
    const examples: ExamineResult['examples'] = {};
    const repaired: ExamineResult['repaired'] = {};
    const preprocessed: ExamineResult['preprocessed'] = {};
    const read = { documents: 0, bytes: 0 };
    this.units.scripts.fill(0);

    const { records, lines, bad, failure } = takeDocuments(chunk, this.options, bytes => {
      const number = read.documents++;
      read.bytes += bytes.length;
      const passed = this.judge(bytes, repetition, {
        repaired(repair) {
          repaired[repair] = (repaired[repair] ?? 0) + 1;
        },
        preprocessed(step, characters) {
          preprocessed[step] ??= { documents: 0, characters: 0 };
          preprocessed[step].documents++;
          preprocessed[step].characters += characters;
        },
      });
      if (typeof passed === 'string') {
        const count = removed[passed] ?? { documents: 0, bytes: 0 };
        removed[passed] = count;
        count.documents++;
        count.bytes += bytes.length;
        examples[passed] ??= { number, text: beginningOf(bytes) };
        return;
      }
      const sha256 = digest('sha256', passed, 'buffer');
      texts.push(passed);
      documents.push(passed.length, this.units.characters, sha256.readUInt32BE(0), sha256.readUInt32BE(4));
      numbers.push(number);
      if (this.bands) keys.push(this.fingerprint(this.bands));
    });
    return {
      source: chunk.source,
      text: join(texts, new Uint8Array(sizeOf(texts))),
      documents: Uint32Array.from(documents),
      keys: join(keys, new Uint32Array(sizeOf(keys))),
      numbers: Uint32Array.from(numbers),
      read,
      removed,
      examples,
      repaired,
      preprocessed,
      scripts: this.units.scripts.slice(),
      records,
      lines,
      bad,
      failure: failure && failureOf(failure),
    };
  }

  /** The text to keep, in UTF-8, or why it is left out. `this.units` is that of the text afterwards. */
  private judge(bytes: Uint8Array, repetition: boolean, report: Changes): Uint8Array | Fault {
    const { clean, minCharacters, maxCharacters } = this.options;
    const ascii = isAscii(bytes);
    const valid = ascii || isUtf8(bytes);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const original = ascii ? buffer.toString('latin1') : buffer.toString('utf8');
    let text = original;
    if (clean) {
      const cleaned = cleanText(original, ascii, report.repaired);
      if (cleaned.undecodable) return 'undecodable';
      text = cleaned.text;
    }
    if (this.steps.length > 0) {
      for (const { name, apply } of this.steps) {
        const changed = apply(text);
        if (changed.text !== text) report.preprocessed(name, changed.characters);
        text = changed.text;
      }
      if (clean) text = tidyWhiteSpace(text);
    }
    if (text.length === 0) return 'empty';
    this.units.read(text);
    if (this.units.characters < minCharacters) return 'too short';
    if (this.units.characters > maxCharacters) return 'too long';
    const fault = clean && repetition ? repetitionFault(text, this.units, this.options) : undefined;
    return fault ?? (text === original && valid ? bytes : Buffer.from(text));
  }

  /** The band keys of the text that was read last; zeros when it has no words. */
  private fingerprint(bands: Bands): Uint32Array {
    const keys = new Uint32Array(bands.bands);
    const count = shingleCount(this.units.count);
    if (count === 0) return keys;
    if (this.shingles.length < count) this.shingles = new Uint32Array(2 * count);
    hashShingles(this.units, this.shingles);
    minHash(this.shingles.subarray(0, count), this.signature);
    bandKeys(this.signature, bands, keys);
    return keys;
  }
}

/** Is told what is done to a document. */
interface Changes {
  repaired(repair: Repair): void;
  preprocessed(step: string, characters: number): void;
}

/** Bytes of an example. */
const EXAMPLE_BYTES = 300;

const beginningOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(0, EXAMPLE_BYTES))
    .toString('utf8')
    .replace(/\ufffd+$/, '');

const sizeOf = (parts: readonly { length: number }[]): number => parts.reduce((sum, { length }) => sum + length, 0);

/** Writes the parts into `whole`, one after the other. */
function join<Array extends Uint8Array | Uint32Array>(parts: readonly Array[], whole: Array): Array {
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
