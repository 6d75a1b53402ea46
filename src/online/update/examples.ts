/** Lessons as examples of the objectives that learn from them. */
import type { Model } from '../../models/model.ts';
import type { Answer } from '../../objectives/answer.ts';
import { type DpoOptions, dpo, type PairExample } from '../../objectives/dpo.ts';
import { instruction } from '../../objectives/instruction.ts';
import { type FeedbackExample, kto, mismatch } from '../../objectives/kto.ts';
import type { AnyObjective, ObjectiveContext } from '../../objectives/objective.ts';
import { sequenceClassification } from '../../objectives/sequence-classification.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { createRandom } from '../../support/random.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import type { Lesson, LessonKind } from '../lessons/lessons.ts';
import type { Part, Tagged } from './mixed.ts';

const BATCH = 8;
/** Weight of the likelihood of what is preferred. */
const ANCHOR = 1;

export interface LessonExamples {
  parts: Partial<Record<LessonKind, Part>>;
  /** One of each lesson that fits the model; the others are undefined. */
  examples: (Tagged | undefined)[];
  /** Lessons that do not fit: longer than the model reads, or with nothing in them. */
  unfit: number;
}

/** Of a classifier labels alone; of a model that writes the rest. */
const kindsOf = (model: Model): LessonKind[] =>
  model.task === 'sequenceClassification' ? ['labelled'] : ['instruction', 'preference', 'feedback'];

/**
 * @param champion what preferences are compared with
 * @throws UserError when the model learns from none of these
 */
export function lessonExamples(
  lessons: readonly Lesson[],
  champion: Model,
  context: ObjectiveContext,
  { beta }: Required<Pick<DpoOptions, 'beta'>>,
): LessonExamples {
  const kinds = kindsOf(champion);
  const good = lessons.filter(one => one.kind === 'feedback' && one.row.label).length;
  const bad = lessons.filter(one => one.kind === 'feedback').length - good;
  const [rare, common] = [Math.min(good, bad), Math.max(good, bad)];
  // KTO asks for weights that make both sides count alike (§4.2 of the paper).
  const more = rare === 0 ? 1 : Math.min(8, common / rare);
  const objectives = {
    instruction: () => instruction(context),
    // With the better answer's own likelihood beside it, which DPO alone lets fall (Pang et al. 2024, arXiv:2404.19733).
    preference: () => dpo(context, { beta, loss: { sigmoid: 1, sft: ANCHOR } }),
    feedback: () => kto(context, { beta, ...(good < bad ? { desirableWeight: more } : { undesirableWeight: more }) }),
    labelled: () => sequenceClassification(context),
  } satisfies Record<LessonKind, () => AnyObjective>;
  const made: Partial<Record<LessonKind, AnyObjective>> = {};
  const objectiveOf = (kind: LessonKind): AnyObjective => (made[kind] ??= objectives[kind]());
  const random = createRandom(0);
  const examples = lessons.map((lesson): Tagged | undefined => {
    if (!kinds.includes(lesson.kind)) return undefined;
    try {
      const example = objectiveOf(lesson.kind).example(lesson.row, random, 1);
      return { part: lesson.kind, example: withoutEnds(lesson, example) };
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw new Error(`lesson ${lesson.judgements.join()}: ${messageOf(error)}`, { cause: error });
    }
  });
  mismatchFeedback(examples, context.context);
  for (const kind of kinds) {
    const own = examples.filter(one => one?.part === kind) as Tagged[];
    const objective = made[kind];
    if (own.length > 0 && objective?.reference) addReference(own, champion, objective);
  }
  return {
    parts: Object.fromEntries(Object.entries(made).map(([kind, objective]) => [kind, { objective, weight: 1 }])),
    examples,
    unfit: examples.filter(one => one === undefined).length,
  };
}

/** An answer that was cut off is not followed by the end of the text. */
function withoutEnds(lesson: Lesson, example: unknown): unknown {
  const cutOff = (answer: Answer, isCut: boolean): Answer =>
    isCut && answer.ids.length - 1 > answer.prompt ? { ...answer, ids: answer.ids.subarray(0, -1) } : answer;
  if (lesson.kind === 'preference') {
    const { chosen, rejected } = example as PairExample;
    return { chosen: cutOff(chosen, lesson.cut[0]), rejected: cutOff(rejected, lesson.cut[1]) };
  }
  if (lesson.kind === 'feedback') {
    const one = example as FeedbackExample;
    return { ...one, answer: cutOff(one.answer, lesson.cut) };
  }
  return example;
}

/** KTO compares with the answers of other rows. */
function mismatchFeedback(examples: readonly (Tagged | undefined)[], most: number): void {
  const own = examples.filter((one): one is Tagged => one?.part === 'feedback');
  const answers = own.map(({ example }) => (example as FeedbackExample).answer);
  for (const [i, one] of own.entries()) {
    const mismatched = mismatch(answers[i], answers[(i + own.length - 1) % own.length], most);
    one.example = { ...(one.example as FeedbackExample), mismatched };
  }
}

/** What the champion says of the examples. */
function addReference(tagged: readonly Tagged[], champion: Model, { batch, reference }: AnyObjective): void {
  champion.eval();
  for (let start = 0; start < tagged.length; start += BATCH) {
    const part = tagged.slice(start, start + BATCH);
    scope(() => {
      const values = inferenceMode(() =>
        reference!.of(
          champion,
          batch(
            part.map(({ example }) => example),
            champion.device,
          ),
        ),
      );
      const each = values.size(1);
      const numbers = Array.from(values.flatten().toNumbers());
      for (const [i, one] of part.entries()) {
        one.example = reference!.with(one.example, numbers.slice(i * each, (i + 1) * each));
      }
    });
  }
}
