/**
 * What judgements teach, as rows: corrections are answers to imitate and to prefer over the one given (SFT and DPO), choices are
 * preferences (DPO), thumbs, ratings and signals say good or bad (KTO), labels teach a classifier.
 */
import type { Rows, Said } from '../../data/rows/rows.ts';
import { rewardOf } from '../store/judgement.ts';
import type { FeedbackStore } from '../store/store.ts';
import type { Judgement, StoredAnswer } from '../store/stored.ts';

/** Whose rows they are, and which judgements they come from. */
interface Origin {
  judgements: readonly string[];
  user: string;
  /** Milliseconds since 1970, of the last judgement. */
  created: number;
  /** What was asked, as one text: the same for the same prompt. */
  prompt: string;
  /** How much it says, 1 for what a person said in so many words. */
  weight: number;
}

export type Lesson =
  | (Origin & { kind: 'instruction'; row: Rows['completion'] })
  | (Origin & {
      kind: 'preference';
      row: Rows['preference'] /** Of an answer that was cut off, which has no end. */;
      cut: [boolean, boolean];
    })
  | (Origin & { kind: 'feedback'; row: Rows['feedback']; cut: boolean })
  | (Origin & { kind: 'labelled'; row: Rows['labelled'] });

export type LessonKind = Lesson['kind'];

/** Ratings nearer to 0 than this say neither. */
const NEITHER = 0.25;

/**
 * In the order of the judgements. Those that teach nothing are left out, and those that a review has rejected.
 *
 * @param options.review whether only what a review has accepted is learnt. Default false
 */
export function lessonsOf(
  store: Pick<FeedbackStore, 'judgements' | 'answer'>,
  { review = false }: { review?: boolean } = {},
): Lesson[] {
  const answers = new Map<string, StoredAnswer | undefined>();
  const answerTo = (id: string): StoredAnswer | undefined => {
    if (!answers.has(id)) answers.set(id, store.answer(id));
    return answers.get(id);
  };
  return store
    .judgements()
    .filter(({ verdict }) => (review ? verdict === 'accepted' : verdict !== 'rejected'))
    .flatMap(judgement => taughtBy(judgement, answerTo));
}

function taughtBy(judgement: Judgement, answerTo: (id: string) => StoredAnswer | undefined): Lesson[] {
  const { value, id, user, created, position } = judgement;
  const answer = answerTo(judgement.answer);
  const choice = answer?.choices.find(one => one.position === position);
  if (!answer || !choice) return [];
  const said = saidAs(answer.prompt);
  const tools = answer.tools && { tools: answer.tools };
  const origin: Origin = { judgements: [id], user, created, prompt: JSON.stringify(answer.prompt), weight: 1 };
  const isCut = ({ finish }: { finish: string }): boolean => finish === 'length';
  switch (value.kind) {
    case 'correction': {
      if (value.correction === choice.text) return [];
      const chosen = said(value.correction);
      return [
        { ...origin, kind: 'instruction', row: { prompt: answer.prompt, completion: chosen, ...tools } },
        {
          ...origin,
          kind: 'preference',
          row: { prompt: answer.prompt, chosen, rejected: said(choice.text), ...tools },
          cut: [false, isCut(choice)],
        },
      ];
    }
    case 'choice': {
      const others = value.over
        ? value.over.flatMap(one => answerTo(one.response_id)?.choices.filter(of => of.position === one.choice) ?? [])
        : answer.choices.filter(one => one.position !== position);
      return others
        .filter(other => other.text !== choice.text)
        .map(other => ({
          ...origin,
          kind: 'preference' as const,
          row: { prompt: answer.prompt, chosen: said(choice.text), rejected: said(other.text), ...tools },
          cut: [isCut(choice), isCut(other)] as [boolean, boolean],
        }));
    }
    case 'label':
      return [{ ...origin, kind: 'labelled', row: { text: textOf(answer.prompt), label: value.label } }];
    case 'rating':
    case 'thumb':
    case 'signal': {
      const reward = rewardOf(value)!;
      if (Math.abs(reward) < NEITHER || choice.text === '') return [];
      return [
        {
          ...origin,
          weight: Math.abs(reward),
          kind: 'feedback',
          row: { prompt: answer.prompt, completion: said(choice.text), label: reward > 0, ...tools },
          cut: isCut(choice),
        },
      ];
    }
    case 'text':
      return [];
  }
}

/** An answer in the form of its prompt: a text, or a message. */
const saidAs =
  (prompt: Said) =>
  (text: string): Said =>
    typeof prompt === 'string' ? text : [{ role: 'assistant', content: text }];

const textOf = (prompt: Said): string => (typeof prompt === 'string' ? prompt : String(prompt.at(-1)?.content ?? ''));
