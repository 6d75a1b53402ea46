/**
 * What the assistant writes in a rendered conversation, whatever the template: the difference between the conversation up to
 * a turn and with it. Nearly all published templates lack the `{% generation %}` tags that would say it.
 */
import { usageError } from '../../support/errors.ts';

/** Of a message what is looked at. */
interface Turn {
  role: string;
  content?: unknown;
}

/** In UTF-16 units of the text. */
export interface TurnSpan {
  start: number;
  end: number;
  /** How it was found: the texts before and after are prefixes of the whole, or the content of the turn was searched for. */
  by: 'difference' | 'text';
}

export interface TurnSearch {
  /** Renders the first n messages of the conversation; throws where the template refuses them. */
  render(count: number, addGenerationPrompt: boolean): string;
  /** Special tokens as they stand in texts, one of which ends a turn. */
  specialTokens: readonly string[];
}

/**
 * The turns of the assistant in `text`, which is all of `messages` rendered, each with what ends it.
 *
 * Templates that write the last turn differently from those before it (Qwen3's keeps the thoughts of that one alone) break the rule
 * that a beginning of a conversation is a beginning of its text. There what the turn says is looked for, and the first
 * special token after it ends it.
 *
 * @throws UserError when a turn is not found
 */
export function assistantTurns(text: string, messages: readonly Turn[], search: TurnSearch): TurnSpan[] {
  const spans: TurnSpan[] = [];
  let from = 0;
  for (const [i, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    const span = byDifference(text, messages, i, search) ?? byText(text, message, from, search);
    if (!span || span.start < from) throw notFound(i);
    const { start, end, by } = span;
    spans.push({ start: start + emptyThoughts(text.slice(start, end)), end, by });
    from = end;
  }
  return spans;
}

function byDifference(
  text: string,
  messages: readonly Turn[],
  i: number,
  { render }: TurnSearch,
): TurnSpan | undefined {
  const rendered = (to: number, asksForMore: boolean): string | undefined => {
    if (to === 0 && !asksForMore) return '';
    try {
      return render(to, asksForMore);
    } catch {
      return undefined; // a conversation that the template refuses to end there
    }
  };
  const isLast = i === messages.length - 1;
  const withTurn = isLast ? text : rendered(i + 1, false);
  const start = promptLength(text, rendered(i, true), rendered(i, false));
  if (withTurn === undefined || !text.startsWith(withTurn) || start === undefined) return undefined;
  return withTurn.length > start ? { start, end: withTurn.length, by: 'difference' } : undefined;
}

/**
 * Where the turn after a prompt begins in the text of both.
 *
 * @param asking the prompt rendered so that an answer is asked for; what it has beyond the text is not counted
 * @param plain the prompt rendered by itself
 * @returns undefined when the text does not begin with the prompt
 */
export function promptLength(text: string, asking: string | undefined, plain: string | undefined): number | undefined {
  if (asking !== undefined && text.startsWith(asking)) return asking.length;
  if (plain === undefined || !text.startsWith(plain)) return undefined;
  let common = 0;
  while (common < (asking?.length ?? 0) && asking![common] === text[common]) common++;
  return Math.max(plain.length, common);
}

function byText(text: string, { content }: Turn, from: number, { specialTokens }: TurnSearch): TurnSpan | undefined {
  const said = typeof content === 'string' ? content.trim() : '';
  const start = said === '' ? -1 : text.indexOf(said, from);
  if (start < 0) return undefined;
  const after = start + said.length;
  const ends = specialTokens
    .map(token => ({ at: text.indexOf(token, after), length: token.length }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  const [first] = ends;
  const isEnd = first !== undefined && text.slice(after, first.at).trim() === '';
  return { start, end: isEnd ? first.at + first.length : after, by: 'text' };
}

/** How long thoughts without content are at the beginning of a turn: they are not to be learnt. */
export const emptyThoughts = (turn: string): number => /^\s*<think>\s*<\/think>\s*/.exec(turn)?.[0].length ?? 0;

const notFound = (i: number): Error =>
  usageError(
    'TSLM_CHAT_MASK',
    `the chat template renders message ${i + 1}, the assistant's, in a way that cannot be found again in the conversation`,
    'put {% generation %} and {% endgeneration %} around what the assistant writes in the template',
  );
