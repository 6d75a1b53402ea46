/**
 * Rows of conversations as tokens, and which of them are to be learnt. A prompt is rendered so that it asks for an answer, prompt
 * and answer together without that, and the answer is what follows the prompt (TRL's rules); in conversations
 * the turns of the assistant are found in any template.
 */
import type { Rows, Said, Tools } from '../data/rows/rows.ts';
import { UserError, usageError } from '../support/errors.ts';
import { emptyThoughts, promptLength } from '../tokenizers/chat/assistant-turns.ts';
import type { ChatMessage, Tokenizer } from '../tokenizers/tokenizer.ts';

/**
 * `assistant`: the turns of the assistant; `completion`: what follows a prompt, or the last turn of the assistant; `all`: every
 * token. `auto`: turns in conversations, completions after prompts, all of a text.
 */
export const learnables = ['auto', 'assistant', 'completion', 'all'] as const;
export type Learnable = (typeof learnables)[number];

export interface Taught {
  ids: Uint32Array;
  /** 1 for tokens that are to be learnt. */
  isTarget: Uint8Array;
  /** The template writes a turn of the assistant otherwise when it is the last one. */
  isUneven?: boolean;
}

/** @throws UserError for a row that cannot be rendered, or that has nothing of what is to be learnt */
export function taught(tokenizer: Tokenizer, row: Rows['instruction'], learn: Learnable): Taught {
  if ('text' in row) {
    if (learn === 'assistant' || learn === 'completion') throw cannotLearn(learn, 'a text');
    const { before } = tokenizer.specialTokensAround();
    const ids = Uint32Array.from([...before, ...tokenizer.encodeIds(ended(tokenizer, row.text))]);
    return { ids, isTarget: new Uint8Array(ids.length).fill(1) };
  }
  return 'messages' in row ? ofChat(tokenizer, row, learn) : ofCompletion(tokenizer, row, learn);
}

function ofChat(tokenizer: Tokenizer, { messages, tools }: Rows['chat'], learn: Learnable): Taught {
  requireTemplate(tokenizer);
  if (learn === 'all') {
    const ids = Uint32Array.from(tokenizer.encodeChat(messages, { tools }).ids);
    return { ids, isTarget: new Uint8Array(ids.length).fill(1) };
  }
  const { encoding, assistantMask, by } = tokenizer.encodeChatWithMask(messages, { tools });
  const isTarget = Uint8Array.from(assistantMask);
  if (learn === 'completion') {
    // The turn that is the last one: what comes after the last token of another kind.
    const end = isTarget.lastIndexOf(1);
    isTarget.fill(0, 0, isTarget.lastIndexOf(0, end) + 1);
  }
  return { ids: Uint32Array.from(encoding.ids), isTarget, isUneven: by === 'text' };
}

function ofCompletion(
  tokenizer: Tokenizer,
  { prompt, completion, tools }: Rows['completion'],
  learn: Learnable,
): Taught {
  const { ids, prompt: length } = answered(tokenizer, prompt, completion, tools);
  const isTarget = new Uint8Array(ids.length).fill(1);
  if (learn === 'all') return { ids, isTarget };
  isTarget.fill(0, 0, length);
  if (learn !== 'assistant') return { ids, isTarget };
  if (typeof prompt === 'string') throw cannotLearn(learn, 'a completion that is a text');
  const messages = [...prompt, ...(completion as readonly ChatMessage[])];
  const { assistantMask, by } = tokenizer.encodeChatWithMask(messages, { tools });
  return { ids, isTarget: isTarget.map((is, i) => is & assistantMask[i]), isUneven: by === 'text' };
}

export interface Answered {
  ids: Uint32Array;
  /** Tokens of the prompt. */
  prompt: number;
  /** Both by themselves, where a token reaches from the prompt into the answer. */
  apart?: { prompt: Uint32Array; answer: Uint32Array };
}

/** The tokens of a prompt alone, which asks for an answer. */
export function asked(tokenizer: Tokenizer, prompt: Said, tools?: Tools): Uint32Array {
  if (typeof prompt !== 'string') {
    requireTemplate(tokenizer);
    return tokenizer.encodeIds(tokenizer.applyChatTemplate(prompt, { tools, addGenerationPrompt: true }));
  }
  return Uint32Array.from([...tokenizer.specialTokensAround().before, ...tokenizer.encodeIds(prompt)]);
}

/** A prompt with an answer. Texts end with the end-of-text token, messages as the template has it. */
export function answered(tokenizer: Tokenizer, prompt: Said, answer: Said, tools?: Tools): Answered {
  const { asking, whole } =
    typeof prompt === 'string' || typeof answer === 'string'
      ? texts(tokenizer, String(prompt), String(answer))
      : messages(tokenizer, prompt, answer, tools);
  // The end-of-text token is written out already; templates write all special tokens.
  const before = typeof prompt === 'string' ? tokenizer.specialTokensAround().before : [];
  const encode = (text: string): Uint32Array => Uint32Array.from([...before, ...tokenizer.encodeIds(text)]);
  const [ids, own] = [encode(whole), encode(asking)];
  const begins = own.length <= ids.length && own.every((id, t) => ids[t] === id);
  return {
    ids,
    prompt: Math.min(own.length, ids.length),
    ...(!begins && { apart: { prompt: own, answer: tokenizer.encodeIds(whole.slice(asking.length)) } }),
  };
}

const texts = (tokenizer: Tokenizer, prompt: string, answer: string): { asking: string; whole: string } => ({
  asking: prompt,
  whole: ended(tokenizer, prompt + answer),
});

function messages(
  tokenizer: Tokenizer,
  prompt: readonly ChatMessage[],
  answer: readonly ChatMessage[],
  tools: Tools | undefined,
): { asking: string; whole: string } {
  requireTemplate(tokenizer);
  const whole = tokenizer.applyChatTemplate([...prompt, ...answer], { tools });
  const asking = tokenizer.applyChatTemplate(prompt, { tools, addGenerationPrompt: true });
  const plain = whole.startsWith(asking) ? undefined : tokenizer.applyChatTemplate(prompt, { tools });
  const length = promptLength(whole, asking, plain);
  if (length === undefined) {
    throw new UserError('TSLM_CHAT_MASK', 'the chat template renders the prompt otherwise when an answer follows', {
      hint: 'give the row as one conversation, whose turns are looked for one by one: a column messages',
    });
  }
  return { asking: whole.slice(0, length + emptyThoughts(whole.slice(length))), whole };
}

/** A text with the token that ends texts. */
function ended(tokenizer: Tokenizer, text: string): string {
  const { eosTokenId } = tokenizer;
  const end = eosTokenId === undefined ? '' : tokenizer.idToToken(eosTokenId)!;
  return text.endsWith(end) ? text : text + end;
}

function requireTemplate({ config }: Tokenizer): void {
  if (config.chat_template != null) return;
  throw usageError(
    'TSLM_CHAT_TEMPLATE',
    'the row is a conversation, and the tokenizer has no chat template',
    'give it one: data.chatTemplate=chatml, llama3 or a file',
  );
}

const cannotLearn = (learn: Learnable, what: string): Error =>
  usageError('TSLM_NO_TURNS', `'learn: ${learn}' is for conversations, and the row is ${what}`, 'leave it out');
