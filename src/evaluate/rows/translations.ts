/** Texts that are made of others: BLEU and chrF by sacreBLEU's rules and ROUGE-L, of greedy decoding. */
import type { Rows } from '../../data/rows/rows.ts';
import { translate } from '../../tasks/text-to-text.ts';
import { wordsOf } from '../baselines/bag-of-words.ts';
import { addBleuStatistics, bleuOf, bleuStatistics } from '../metrics/bleu.ts';
import { corpusChrf } from '../metrics/chrf.ts';
import { rougeL } from '../metrics/rouge.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
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
  const counts = texts.map((text, i) => bleuStatistics(text, references[i]));
  const shared = texts.map((text, i) => rougeL(text, references[i][0], { tokenize: wordsOf }).f1);
  const bleu = (items: Uint32Array): number => bleuOf(addBleuStatistics(Array.from(items, i => counts[i]))).score;
  const rouge = (items: Uint32Array): number => items.reduce((sum, i) => sum + shared[i], 0) / rows.length;
  const all = Uint32Array.from(rows.keys());
  return {
    metrics: { bleu: bleu(all), chrf: corpusChrf(texts, references), rougeL: rouge(all) },
    intervals: { bleu: bootstrapInterval(rows.length, bleu), rougeL: bootstrapInterval(rows.length, rouge) },
    rows: rows.length,
  };
}
