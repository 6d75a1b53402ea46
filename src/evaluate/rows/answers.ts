/** Answers marked in a text: SQuAD's exact match and F1 (Rajpurkar et al. 2016). */
import type { Rows } from '../../data/rows/rows.ts';
import { answerQuestion } from '../../tasks/question-answering.ts';
import { squadExactMatch, squadF1 } from '../metrics/squad.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import { type RowScores, type Scored, shareOf } from './row-scores.ts';

export function scoreAnswers({ model, tokenizer }: Scored, rows: readonly Rows['reading'][]): RowScores {
  const handleImpossibleAnswer = rows.some(({ answers }) => answers.length === 0);
  const scores = rows.map(({ question, context, answers }) => {
    const found = answerQuestion(
      model,
      tokenizer,
      { question, context },
      { handleImpossibleAnswer, maxAnswerLength: 30 },
    );
    const text = found.answers[0]?.text ?? '';
    const references = answers.map(answer => answer.text);
    if (references.length === 0) return { exact: text === '', f1: text === '' ? 1 : 0 };
    return { exact: squadExactMatch(text, references), f1: squadF1(text, references) };
  });
  const right = scores.map(({ exact }) => Boolean(exact));
  const meanF1 = (items: Uint32Array): number => items.reduce((sum, i) => sum + scores[i].f1, 0) / rows.length;
  return {
    metrics: { exactMatch: right.filter(Boolean).length / rows.length, f1: meanF1(Uint32Array.from(rows.keys())) },
    ...shareOf(right),
    intervals: { f1: bootstrapInterval(rows.length, meanF1) },
    rows: rows.length,
  };
}
