/**
 * Counts the pre-tokens that a normalizer and a pre-tokenizer make of texts. Where these treat a text chunk by chunk, chunks
 * are counted first, and every distinct one goes through the components once.
 */
import { AlignedText } from '../aligned-text.ts';
import { UnitBuffer } from '../byte-bpe/unit-table.ts';
import { type Cut, chunkEnd, cutOf } from '../chunks/locality.ts';
import { createNormalizer } from '../normalizers/create.ts';
import type { Normalizer } from '../normalizers/normalizer.ts';
import { createPreTokenizer } from '../pre-tokenizers/create.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { type WordCounts, WordTable } from './word-table.ts';

export interface TrainingPipeline {
  /** Components as tokenizer.json writes them. */
  normalizer: unknown;
  preTokenizer: unknown;
  /** Take each line by itself, without its end. */
  lines: boolean;
}

/** Distinct chunks that are held before they become words. */
const HELD_CHUNKS = 1 << 20;

export class PipelineCounter {
  readonly #normalizer: Normalizer | undefined;
  readonly #preTokenizer: PreTokenizer | undefined;
  readonly #lines: boolean;
  readonly #cut: Cut | undefined;
  readonly #chunks = new WordTable();
  readonly #words = new WordTable();
  readonly #text = new UnitBuffer();
  readonly #piece = new UnitBuffer();

  constructor({ normalizer, preTokenizer, lines }: TrainingPipeline) {
    this.#normalizer = normalizer == null ? undefined : createNormalizer(normalizer, 'normalizer');
    this.#preTokenizer = preTokenizer == null ? undefined : createPreTokenizer(preTokenizer, 'pre_tokenizer');
    this.#lines = lines;
    this.#cut = cutOf(normalizer, preTokenizer, this.#normalizer);
  }

  add(text: string): void {
    for (const line of this.#lines ? text.split(/\r?\n/) : [text]) {
      if (this.#cut === undefined) this.#addWords(line, 1);
      else this.#addChunks(line, this.#cut);
    }
  }

  merge(counts: WordCounts): void {
    this.#words.merge(counts);
  }

  result(): WordCounts {
    this.#flush();
    return this.#words.result();
  }

  #addChunks(text: string, cut: Cut): void {
    const end = this.#text.load(text);
    const { units } = this.#text;
    for (let start = 0; start < end; ) {
      const stop = chunkEnd(units, start, end, cut);
      this.#chunks.count(units, start, stop, 1);
      start = stop;
    }
    if (this.#chunks.size > HELD_CHUNKS) this.#flush();
  }

  #flush(): void {
    const { keys, starts, counts } = this.#chunks.result();
    this.#chunks.clear();
    const buffer = Buffer.from(keys.buffer);
    for (let chunk = 0; chunk < counts.length; chunk++) {
      this.#addWords(buffer.toString('utf16le', 2 * starts[chunk], 2 * starts[chunk + 1]), counts[chunk]);
    }
  }

  #addWords(text: string, count: number): void {
    if (text === '') return;
    const given = AlignedText.of(text);
    const normalized = this.#normalizer?.normalize(given) ?? given;
    if (normalized.length === 0) return;
    for (const piece of this.#preTokenizer?.split(normalized) ?? [normalized]) {
      if (piece.length === 0) continue;
      const end = this.#piece.load(piece.text);
      this.#words.count(this.#piece.units, 0, end, count);
    }
  }
}
