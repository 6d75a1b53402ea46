/**
 * How far a model does what held-out judgements ask for, one number from 0 to 1 an item: of a pair the probability that the better
 * answer wins by the implicit reward (Rafailov et al. 2023), which is how much likelier the candidate holds it than the champion does;
 * of a thumb the same of one answer; of a label the probability of the right one. The champion itself is at one half.
 */
import type { Model } from '../../models/model.ts';
import { type Answer, answerBatch, answerOf, scoreAnswers } from '../../objectives/answers.ts';
import type { AnyObjective, ObjectiveContext } from '../../objectives/objective.ts';
import { sequenceClassification } from '../../objectives/sequence-classification.ts';
import { UserError } from '../../support/errors.ts';
import { createRandom } from '../../support/random.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import type { Lesson } from '../lessons/lessons.ts';

export interface GateItem {
  user: string;
  /** Of the judgements, for people who look. */
  judgements: readonly string[];
  score(candidate: readonly number[], champion: readonly number[]): { candidate: number; champion: number };
  answers: Answer[];
  /** Which of them people want, where they want one. */
  wanted?: number;
  labelled?: unknown;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** What is too long for the model, or of a kind that it does not learn from, is left out. */
export function gateItems(lessons: readonly Lesson[], context: ObjectiveContext, beta: number): GateItem[] {
  const { tokenizer, context: most } = context;
  const isClassifier = context.model?.task === 'sequenceClassification';
  const classification = isClassifier ? sequenceClassification(context) : undefined;
  return lessons.flatMap((lesson): GateItem[] => {
    const origin = { user: lesson.user, judgements: lesson.judgements };
    try {
      if (isClassifier) {
        if (lesson.kind !== 'labelled') return [];
        const labelled = classification!.example(lesson.row, createRandom(0), 1);
        // The champion's loss and the candidate's, as probabilities.
        const score: GateItem['score'] = ([a], [b]) => ({ candidate: Math.exp(-a), champion: Math.exp(-b) });
        return [{ ...origin, answers: [], labelled, score }];
      }
      if (lesson.kind === 'preference') {
        const { prompt, chosen, rejected, tools } = lesson.row;
        const answers = [chosen, rejected].map((said, side) =>
          withoutEnd(answerOf(tokenizer, [prompt, said, tools], most), lesson.cut[side]),
        );
        const score: GateItem['score'] = (a, b) => ({
          candidate: sigmoid(beta * (a[0] - b[0] - (a[1] - b[1]))),
          champion: 0.5,
        });
        return [{ ...origin, answers, wanted: 0, score }];
      }
      if (lesson.kind === 'feedback') {
        const { prompt, completion, tools, label } = lesson.row;
        const answers = [withoutEnd(answerOf(tokenizer, [prompt, completion, tools], most), lesson.cut)];
        const sign = label ? 1 : -1;
        const score: GateItem['score'] = ([a], [b]) => ({ candidate: sigmoid(sign * beta * (a - b)), champion: 0.5 });
        return [{ ...origin, answers, ...(label && { wanted: 0 }), score }];
      }
      return []; // an instruction is the preference that came with it
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  });
}

const withoutEnd = (answer: Answer, isCut: boolean): Answer =>
  isCut && answer.ids.length - 1 > answer.prompt ? { ...answer, ids: answer.ids.subarray(0, -1) } : answer;

const BATCH = 8;

/** Of each item the log-probabilities of its answers, or the loss of its label. */
export function rawScores(
  model: Model,
  items: readonly GateItem[],
  { tokenizer, ...context }: ObjectiveContext,
): number[][] {
  model.eval();
  if (items.some(({ labelled }) => labelled !== undefined)) {
    const objective = sequenceClassification({ tokenizer, ...context, model });
    return items.map(({ labelled }) => [lossOf(model, objective, [labelled])]);
  }
  const answers = items.flatMap(item => item.answers);
  const sums: number[] = [];
  for (let start = 0; start < answers.length; start += BATCH) {
    scope(() => {
      const batch = answerBatch(answers.slice(start, start + BATCH), tokenizer.padTokenId ?? 0, model.device);
      sums.push(...Array.from(inferenceMode(() => scoreAnswers(model, batch).sums).toNumbers()));
    });
  }
  let at = 0;
  return items.map(item => {
    at += item.answers.length;
    return sums.slice(at - item.answers.length, at);
  });
}

/** Loss of examples together: Σ weight · term. */
export function lossOf(model: Model, objective: AnyObjective, examples: readonly unknown[]): number {
  model.eval();
  return scope(() => {
    const means = inferenceMode(() => objective.means(model, objective.batch(examples, model.device)));
    return Object.entries(objective.weights).reduce(
      (sum, [term, weight]) => sum + weight * (means[term]?.item() ?? 0),
      0,
    );
  });
}
