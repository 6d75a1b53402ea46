/** Texts that are made of others: BLEU and chrF by sacreBLEU's rules, of greedy decoding. */
import type { Rows } from '../../data/rows/rows.ts';
import { translate } from '../../tasks/text-to-text.ts';
import { corpusBleu } from '../metrics/bleu.ts';
import { corpusChrf } from '../metrics/chrf.ts';
import type { RowScores, Scored } from './row-scores.ts';

/** Texts that are written at once. */
const BATCH = 64;

export function scoreTranslations({ model, tokenizer }: Scored, rows: readonly Rows['translation'][]): RowScores {
  const texts: string[] = [];
  for (let start = 0; start < rows.length; start += BATCH) {
    const sources = rows.slice(start, start + BATCH).map(({ source }) => source);
    const written = translate(model, tokenizer, sources, { truncate: true, generation: { doSample: false } });
    texts.push(...written.map(({ text }) => text.trim()));
  }
  const references = rows.map(({ target }) => [target]);
  return {
    metrics: { bleu: corpusBleu(texts, references).score, chrf: corpusChrf(texts, references) },
    rows: rows.length,
  };
}
