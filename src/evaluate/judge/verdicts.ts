/**
 * A judge reads two answers and says which is better (Zheng et al. 2023, arXiv:2306.05685), twice, with the answers swapped: one that is
 * better in one place alone is no better.
 */
import { UserError } from '../../support/errors.ts';
import type { EvaluatedModel, RequestOptions } from '../models/evaluated-model.ts';

/** Which of the two that were shown. */
export type Verdict = 'first' | 'second' | 'tie';

export interface Pairing {
  prompt: string;
  /** The answers, in the order in which they are shown. */
  first: string;
  second: string;
}

export interface JudgeOptions extends RequestOptions {
  /** By how probable the names of the answers are as the next word, or by what the judge writes. */
  by: 'likelihood' | 'text';
  /** What makes an answer better. */
  criterion: string;
  /** As a conversation. */
  chat: boolean;
  /** Tokens that it may write before its verdict. Default 256. */
  maxNewTokens?: number;
}

const question = ({ prompt, first, second }: Pairing, criterion: string): string =>
  `Here are a request and two answers to it. Which answer is better? ${criterion}\n\n` +
  `[Request]\n${prompt}\n\n[Answer A]\n${first}\n\n[Answer B]\n${second}\n\n`;

const LETTERS = ['A', 'B'];

/** @throws UserError where the judge cannot do what it is asked for */
export async function verdictsOf(
  judge: EvaluatedModel,
  pairings: readonly Pairing[],
  { by, criterion, chat, maxNewTokens = 256, ...how }: JudgeOptions,
): Promise<Verdict[]> {
  const { applyChatTemplate } = judge;
  if (chat && !applyChatTemplate) {
    throw new UserError('TSLM_NOT_SUPPORTED', `${judge.name}: this model has no conversations`, {
      hint: 'leave out --apply-chat-template',
    });
  }
  const asked = (pairing: Pairing, end: string, begun: string): string => {
    const text = question(pairing, criterion) + end;
    return chat
      ? applyChatTemplate!([{ role: 'user', content: text }], { addGenerationPrompt: true }) + begun
      : `${text}\n${begun}`;
  };
  if (by === 'likelihood') {
    const requests = pairings.flatMap(pairing => {
      const context = asked(pairing, 'Say A or B.', 'The better answer is');
      return LETTERS.map(letter => ({ context, continuation: ` ${letter}` }));
    });
    const scored = await judge.loglikelihood(requests, how);
    return pairings.map((_, i) => {
      const [a, b] = [scored[2 * i].logProb, scored[2 * i + 1].logProb];
      return a === b ? 'tie' : a > b ? 'first' : 'second';
    });
  }
  const end = 'Say why in a sentence or two, then end with [[A]], [[B]], or [[tie]] where neither is better.';
  const requests = pairings.map(pairing => ({
    context: asked(pairing, end, ''),
    until: ['[[A]]', '[[B]]', '[[tie]]'].map(mark => `${mark}\n`),
    maxNewTokens,
    options: { do_sample: false, temperature: 0 },
  }));
  const written = await judge.generateUntil(requests, how);
  return written.map((text, i) => verdictIn(text, judge.name, i));
}

/** The last that is written. */
function verdictIn(text: string, judge: string, number: number): Verdict {
  const mark = [...text.matchAll(/\[\[(A|B|tie)\b/gi)].at(-1)?.[1].toLowerCase();
  if (mark !== undefined) return mark === 'a' ? 'first' : mark === 'b' ? 'second' : 'tie';
  throw new UserError(
    'TSLM_NO_VERDICT',
    `${judge}: its answer to pair ${number + 1} has no verdict: ${JSON.stringify(text.slice(-80))}`,
    {
      hint: 'take a judge that follows instructions, --apply-chat-template, more --max-new-tokens, or --by likelihood',
    },
  );
}
