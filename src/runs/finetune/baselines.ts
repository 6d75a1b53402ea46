/** What a fine-tuned model is compared with, learnt from the same rows. */
import type { FileRowKind } from '../../data/rows/columns.ts';
import type { Rows } from '../../data/rows/rows.ts';
import { bagOfWords, majority, wordsOf } from '../../evaluate/baselines/bag-of-words.ts';
import { labelScores, numberScores } from '../../evaluate/rows/labels.ts';
import type { Margin, RowScores } from '../../evaluate/rows/row-scores.ts';
import { tagScores } from '../../evaluate/rows/tags.ts';
import { isNumbers } from './look.ts';

/** The scores of a model or a simple baseline on the held-out rows. */
export interface Baseline {
  name: string;
  scores: RowScores;
  /** By how much the fine-tuned model is better, where both are right or not on each row. */
  margin?: Margin;
}

type Data<Kind extends FileRowKind> = readonly Rows[Kind][];

/** Of kinds of rows with labels; of others there is none. */
export function baselinesOf(kind: FileRowKind, training: Data<FileRowKind>, heldOut: Data<FileRowKind>): Baseline[] {
  if (kind === 'labelled') return ofLabels(training as Data<'labelled'>, heldOut as Data<'labelled'>);
  if (kind === 'tagged') return ofTags(training as Data<'tagged'>, heldOut as Data<'tagged'>);
  return [];
}

function ofLabels(training: Data<'labelled'>, heldOut: Data<'labelled'>): Baseline[] {
  if (training.some(({ label }) => typeof label === 'object')) return [];
  if (isNumbers([...new Set(training.map(({ label }) => String(label)))])) return ofNumbers(heldOut);
  const named = (rows: Data<'labelled'>) => rows.map(row => ({ ...row, label: String(row.label) }));
  const [known, asked] = [named(training), named(heldOut)];
  const truth = asked.map(({ label }) => label);
  const words = bagOfWords(known);
  const most = majority(known.map(({ label }) => label));
  return [
    { name: 'bag of words', scores: labelScores(truth, asked.map(words.predict)) },
    {
      name: 'majority',
      scores: labelScores(
        truth,
        truth.map(() => most),
      ),
    },
  ];
}

/** How much the words of a pair overlap; of single texts there is nothing so simple. */
function ofNumbers(heldOut: Data<'labelled'>): Baseline[] {
  if (heldOut.some(({ pair }) => pair === undefined)) return [];
  const truth = heldOut.map(({ label }) => Number(label));
  const predicted = heldOut.map(({ text, pair }) => {
    const [a, b] = [text, pair!].map(part => new Set(wordsOf(part)));
    const both = [...a].filter(word => b.has(word)).length;
    return both / Math.max(1, a.size + b.size - both);
  });
  return [{ name: 'words in common', scores: numberScores(truth, predicted) }];
}

/** Each word's most frequent tag, and the most frequent of all for words that are new. */
function ofTags(training: Data<'tagged'>, heldOut: Data<'tagged'>): Baseline[] {
  const tagsOf = new Map<string, string[]>();
  const all: string[] = [];
  for (const { tokens, tags } of training) {
    for (const [i, token] of tokens.entries()) {
      const tag = String(tags[i]);
      all.push(tag);
      const known = tagsOf.get(token);
      if (known) known.push(tag);
      else tagsOf.set(token, [tag]);
    }
  }
  const most = majority(all);
  const best = new Map([...tagsOf].map(([token, tags]) => [token, majority(tags)]));
  const truth = heldOut.map(({ tags }) => tags.map(String));
  const predicted = heldOut.map(({ tokens }) => tokens.map(token => best.get(token) ?? most));
  return [{ name: 'tag of each word', scores: tagScores(truth, predicted) }];
}
