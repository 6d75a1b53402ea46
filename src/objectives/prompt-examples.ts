/** Prompts as examples, to which a model writes answers. */
import type { Rows } from '../data/rows/rows.ts';
import { UserError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { arrangeRows, placeOf } from './arrange.ts';
import { asked } from './conversations.ts';
import type { ExplorationOptions, PromptExample } from './exploration.ts';
import type { Objective } from './objective.ts';
import type { RewardOptions } from './reward-options.ts';

/** Examples are prompts; a row whose prompt leaves no room for an answer, or lacks what a reward reads, is bad. */
export function promptExamples(
  { tokenizer, context }: { tokenizer: Tokenizer; context: number },
  { rewards, maxNewTokens }: Pick<ExplorationOptions, 'rewards' | 'maxNewTokens'>,
): Pick<Objective<'prompt', PromptExample>, 'example'> & {
  arrange: NonNullable<Objective<'prompt', PromptExample>['arrange']>;
} {
  const exampleOf = ({ prompt, tools, columns }: Rows['prompt'], place: string): PromptExample => {
    const ids = asked(tokenizer, prompt, tools);
    requireRoom(ids.length, maxNewTokens, context);
    requireColumns(columns, rewards);
    return { ids, prompt, columns, place };
  };
  return {
    example: row => exampleOf(row, 'a row'),
    arrange: (rows, { skipBad = false } = {}) =>
      arrangeRows(rows, skipBad, (row, index) => exampleOf(row, placeOf(rows, index))),
  };
}

function requireRoom(length: number, maxNewTokens: number, context: number): void {
  if (length === 0) throw new UserError('TSLM_NO_TARGET', 'its prompt has no token', { hint: 'ask something' });
  if (length + maxNewTokens <= context) return;
  throw new UserError(
    'TSLM_NO_ROOM',
    `its prompt has ${length} tokens, and an answer of ${maxNewTokens} more does not fit into ${context}`,
    { hint: 'take a smaller objective.maxNewTokens, or a longer model.context' },
  );
}

function requireColumns(columns: Readonly<Record<string, unknown>>, rewards: readonly RewardOptions[]): void {
  for (const one of rewards) {
    if (!('column' in one) || (columns[one.column] ?? '') !== '') continue;
    throw new UserError('TSLM_BAD_ROW', `it has no column '${one.column}', which the reward '${one.reward}' reads`, {
      hint: `say which column it is: objective.rewards=[{ reward: ${one.reward}, column: … }]`,
    });
  }
}
