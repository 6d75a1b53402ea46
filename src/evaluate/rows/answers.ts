/** Answers marked in a text: SQuAD's exact match and F1 (Rajpurkar et al. 2016). */
import type { Rows } from '../../data/rows/rows.ts';
import { answerQuestion } from '../../tasks/question-answering.ts';
import { squadScores } from '../metrics/squad.ts';
import { type RowScores, type Scored, shareOf } from './score-rows.ts';

export function scoreAnswers({ model, tokenizer }: Scored, rows: readonly Rows['reading'][]): RowScores {
  const handleImpossibleAnswer = rows.some(({ answers }) => answers.length === 0);
  const scores = rows.map(({ question, context, answers }) => {
    const found = answerQuestion(
      model,
      tokenizer,
      { question, context },
      { handleImpossibleAnswer, maxAnswerLength: 30 },
    );
    return squadScores(
      found.answers[0]?.text ?? '',
      answers.map(({ text }) => text),
    );
  });
  const right = scores.filter(({ exact }) => exact === 1).length;
  return {
    metrics: { exactMatch: right / rows.length, f1: scores.reduce((sum, { f1 }) => sum + f1, 0) / rows.length },
    ...shareOf(right, rows.length),
    rows: rows.length,
  };
}
