/** Rows of the tables as SQLite gives them, and what they say. */
import type { Said, Tools } from '../../data/rows/rows.ts';
import type { JudgementValue } from './judgement.ts';
import type { Judgement, StoredAnswer, Verdict } from './stored.ts';

export interface AnswerRow {
  id: string;
  created: number;
  model: string;
  revision: string;
  user: string;
  conversation: string | null;
  prompt: string;
  tools: string | null;
  expires: number | null;
  shadow_of: string | null;
}

export interface ChoiceRow {
  position: number;
  text: string;
  finish: string;
  token_ids: string | null;
  logprobs: string | null;
}

export interface JudgementRow {
  id: string;
  created: number;
  answer: string;
  position: number;
  user: string;
  kind: string;
  value: string;
  verdict: Verdict | null;
}

export const answerOf = (row: AnswerRow, choices: readonly ChoiceRow[]): StoredAnswer => ({
  id: row.id,
  created: row.created,
  model: row.model,
  revision: row.revision,
  user: row.user,
  ...(row.conversation !== null && { conversation: row.conversation }),
  prompt: JSON.parse(row.prompt) as Said,
  ...(row.tools !== null && { tools: JSON.parse(row.tools) as Tools }),
  ...(row.expires !== null && { expires: row.expires }),
  ...(row.shadow_of !== null && { shadowOf: row.shadow_of }),
  choices: choices.map(({ position, text, finish, token_ids, logprobs }) => ({
    position,
    text,
    finish,
    ...(token_ids !== null && { tokenIds: JSON.parse(token_ids) as number[] }),
    ...(logprobs !== null && { logprobs: JSON.parse(logprobs) as number[] }),
  })),
});

export const judgementOf = ({ kind: _, value, verdict, ...row }: JudgementRow): Judgement => ({
  ...row,
  value: JSON.parse(value) as JudgementValue,
  ...(verdict !== null && { verdict }),
});
