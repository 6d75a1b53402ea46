/** Counts pre-tokens. Only distinct ones are kept, so the text may be larger than memory. */
import type { Scanner } from '../byte-bpe/scanners.ts';
import { UnitBuffer } from '../byte-bpe/unit-table.ts';
import { PipelineCounter, type TrainingPipeline } from './pipeline-counter.ts';
import { SPLITS, type SplitName } from './splits.ts';
import { type WordCounts, WordTable } from './word-table.ts';

export interface Counter {
  add(text: string): void;
  merge(counts: WordCounts): void;
  result(): WordCounts;
}

/** How texts become words: a pattern by name, or components of a tokenizer.json. */
export type WordSource = SplitName | TrainingPipeline;

export const createCounter = (source: WordSource): Counter =>
  typeof source === 'string' ? new ScanCounter(SPLITS[source].scan) : new PipelineCounter(source);

class ScanCounter implements Counter {
  readonly #scan: Scanner;
  readonly #text = new UnitBuffer();
  readonly #table = new WordTable();

  constructor(scan: Scanner) {
    this.#scan = scan;
  }

  add(text: string): void {
    const end = this.#text.load(text);
    const { units } = this.#text;
    const scan = this.#scan;
    for (let start = 0; start < end; ) {
      const stop = scan(units, start, end, text);
      this.#table.count(units, start, stop, 1);
      start = stop;
    }
  }

  merge(counts: WordCounts): void {
    this.#table.merge(counts);
  }

  result(): WordCounts {
    return this.#table.result();
  }
}
