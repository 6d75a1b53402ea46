/** The corpora that a model has learnt from, by its lineage and that of the models that it began as. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Corpus, openCorpus } from '../data/corpus/corpus.ts';
import { UserError, usageError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';

const lineageSchema = z.looseObject({
  parents: z.array(z.string()).default([]),
  data: z.looseObject({
    corpus: z.string().optional(),
    index_sha256: z.string().optional(),
    rows: z.unknown().optional(),
  }),
});
const ngramSchema = z.looseObject({
  provenance: z.looseObject({ source: z.string(), tokenizer_sha256: z.string().optional() }),
});

/**
 * @param folder of a model, a run, or an n-gram model
 * @throws UserError where the lineage names no corpus, or one that is no longer what it was
 */
export function trainingCorpora(folder: string): Corpus[] {
  const found = new Map<string, Corpus>();
  const visit = (place: string): void => {
    const ngram = join(place, 'ngram.json');
    if (existsSync(ngram)) {
      const { provenance } = parseOptions(ngramSchema, readJson(ngram), ngram);
      found.set(provenance.source, openCorpus(provenance.source));
      return;
    }
    const path = join(place, 'run.json');
    if (!existsSync(path)) return;
    const { data, parents } = parseOptions(lineageSchema, readJson(path), path);
    if (data.rows !== undefined) {
      throw usageError(
        'TSLM_NO_CORPUS',
        `${path}: the model learnt from rows in files, which are not compared`,
        'name corpora to compare with: --contamination CORPUS',
      );
    }
    if (data.corpus !== undefined) found.set(data.corpus, sameCorpus(data.corpus, data.index_sha256, path));
    parents.forEach(visit);
  };
  visit(folder);
  if (found.size > 0) return [...found.values()];
  throw usageError(
    'TSLM_NO_CORPUS',
    `${folder}: the folder does not say what the model was trained on`,
    'name the corpus: --contamination CORPUS',
  );
}

function sameCorpus(path: string, sha256: string | undefined, by: string): Corpus {
  const corpus = openCorpus(path);
  const now = createHash('sha256')
    .update(readFileSync(join(path, 'corpus.json')))
    .digest('hex');
  if (sha256 === undefined || now === sha256) return corpus;
  throw new UserError('TSLM_CORPUS_CHANGED', `${path}: the corpus is not the one that ${by} was trained on`, {
    hint: 'put it back, or name the one to compare with: --contamination CORPUS',
  });
}

/** Every document of what is trained on, as text. */
export function* documentTexts(corpora: readonly Corpus[], onDocument?: () => void): Generator<string> {
  for (const corpus of corpora) {
    const split = corpus.split('train');
    const tokenizer = corpus.tokenizer();
    for (let i = 0; i < split.documents; i++) {
      yield tokenizer.decode(split.document(i), { skipSpecialTokens: true });
      onDocument?.();
    }
  }
}
