/** The corpus of the quickstart: tslm's own source code, which is there wherever tslm is, or text that was given. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes, formatCount, formatDuration } from '../../support/format.ts';
import { root } from '../../support/root.ts';
import { prepareProgress } from '../views/prepare-view.ts';

export interface Sources {
  paths: readonly string[];
  /** Globs of files that are not read. */
  exclude: readonly string[];
}

/** A clone has `src/`; an installed package has what was compiled from it. */
export function ownSources(): Sources {
  const isClone = existsSync(join(root, 'src'));
  const folders = isClone ? ['src', 'test', 'native', 'docs'] : ['dist', 'native'];
  return { paths: folders.map(name => join(root, name)), exclude: ['fixtures/**', 'studio/**', '**/*.map'] };
}

/** Prepares the corpus and returns what a person wants to know of it. */
export async function prepareCorpus({ paths, exclude }: Sources, out: string): Promise<[string, string][]> {
  const { prepare } = await import('../../data/prepare/prepare.ts');
  const progress = prepareProgress();
  const begin = performance.now();
  const { index, report } = await prepare([...paths], {
    out,
    vocabSize: 4096,
    exclude: [...exclude],
    onProgress: progress.listener,
  });
  progress.end();
  const { train, validation, test } = index.splits;
  const removed = report.read.documents - report.kept.documents;
  const read = `${formatBytes(report.read.bytes)} in ${formatCount(report.read.documents)} documents`;
  const width = (train.bytes / train.tokens).toFixed(2);
  return [
    ['read', `${read}, ${removed} removed`],
    ['tokenizer', `byte-level BPE, ${index.vocab_size} tokens, ${width} bytes a token`],
    ['tokens', `${formatCount(train.tokens)} to learn from, ${formatCount(validation.tokens + test.tokens)} held out`],
    ['time', formatDuration((performance.now() - begin) / 1000)],
  ];
}
