/** What `prepare` reports of the documents it read, kept and removed. */
import type { SplitName } from '../corpus/corpus-index.ts';
import { newFacts, type SourceFacts } from '../readers/facts.ts';
import type { InputFile } from '../readers/inputs.ts';
import type { ExamineResult } from './examine.ts';
import { SCRIPTS } from './units.ts';

export interface Amount {
  documents: number;
  /** UTF-8 bytes, before cleaning for what cleaning removed. */
  bytes: number;
}

/** A near-duplicate that was removed, beside the document that was kept. */
export interface DuplicateExample {
  similarity: number;
  kept: ExampleText;
  removed: ExampleText;
}

export interface ExampleText {
  path: string;
  /** Number of the document in its file, from 1. */
  document: number;
  /** The beginning. */
  text: string;
}

/** What happened to the documents on their way into the corpus. */
export interface PrepareReport {
  sources: (SourceFacts & { split: SplitName | undefined; documents: number })[];
  read: Amount;
  /** Why documents were left out, and how much of them. */
  removed: Record<string, Amount>;
  /** A few of the documents that filters took, by reason. */
  removedExamples: Record<string, ExampleText[]>;
  kept: Amount;
  /** Documents that cleaning changed, by what it changed. */
  repaired: Record<string, number>;
  /** Documents that each step of preprocessing changed, and their characters that it changed or left out. */
  preprocessed: Record<string, { documents: number; characters: number }>;
  /** Letters of each script in the documents that were read and passed the filters' repairs. */
  scripts: Record<string, number>;
  nearDuplicates: DuplicateExample[];
  warnings: string[];
}

export const newReport = (files: readonly InputFile[]): PrepareReport => ({
  sources: files.map(({ path, size, split }) => ({ ...newFacts(path, size), split, documents: 0 })),
  read: { documents: 0, bytes: 0 },
  removed: {},
  removedExamples: {},
  kept: { documents: 0, bytes: 0 },
  repaired: {},
  preprocessed: {},
  scripts: {},
  nearDuplicates: [],
  warnings: [],
});

/** How many files are in each encoding, the most frequent first. */
export function encodingCounts(
  sources: PrepareReport['sources'],
): { encoding: string; files: number; detected: number; lowest: number }[] {
  const counts = new Map<string, { encoding: string; files: number; detected: number; lowest: number }>();
  for (const { encoding: decision } of sources) {
    if (!decision) continue;
    const { encoding, by, confidence = 1 } = decision;
    const count = counts.get(encoding) ?? { encoding, files: 0, detected: 0, lowest: 1 };
    counts.set(encoding, count);
    count.files++;
    if (by !== 'detected') continue;
    count.detected++;
    count.lowest = Math.min(count.lowest, confidence);
  }
  return [...counts.values()].sort((a, b) => b.files - a.files);
}

export function addRemoved(report: PrepareReport, reason: string, documents: number, bytes: number): void {
  report.removed[reason] ??= { documents: 0, bytes: 0 };
  report.removed[reason].documents += documents;
  report.removed[reason].bytes += bytes;
}

/** Adds what the workers counted in one chunk. */
export function addExamined(
  report: PrepareReport,
  { read, removed, repaired, preprocessed, scripts }: ExamineResult,
): void {
  report.read.documents += read.documents;
  report.read.bytes += read.bytes;
  for (const [fault, { documents, bytes }] of Object.entries(removed)) addRemoved(report, fault, documents, bytes);
  for (const [repair, count] of Object.entries(repaired)) {
    report.repaired[repair] = (report.repaired[repair] ?? 0) + count;
  }
  for (const [step, { documents, characters }] of Object.entries(preprocessed)) {
    report.preprocessed[step] ??= { documents: 0, characters: 0 };
    report.preprocessed[step].documents += documents;
    report.preprocessed[step].characters += characters;
  }
  scripts.forEach((letters, i) => {
    if (letters > 0) report.scripts[SCRIPTS[i]] = (report.scripts[SCRIPTS[i]] ?? 0) + letters;
  });
}
