/** What prompts and strategies know of a language model: texts that go on from a prompt, and what they cost. */
import type { ConstraintSource } from '../constrain/index.ts';
import type { ChatMessage } from '../tokenizers/chat/chat.ts';

/** A text to go on from, or a conversation whose next turn is the assistant's. */
export type PromptText = string | readonly ChatMessage[];

export interface CompletionRequest {
  prompt: PromptText;
  /** What the completion is made to begin with; not part of the text that comes back. */
  prefill?: string;
  /** Texts that are drawn. Default 1. */
  n?: number;
  /** Of each text. Default 256. */
  maxTokens?: number;
  /** 0: always the most probable token. Default 0. */
  temperature?: number;
  topP?: number;
  topK?: number;
  /** Texts that end a completion and are not part of it. */
  stop?: readonly string[];
  seed?: number;
  /** What the text must follow. */
  constraint?: ConstraintSource;
}

export interface Completion {
  text: string;
  tokens: number;
  /** Sum over the tokens, nats; absent where the model does not tell. */
  logProb?: number;
  reason: 'stop' | 'length';
  /** The stop text that ended it; null where it ended by itself, absent where the model does not tell. */
  stop?: string | null;
}

export interface CompletionResult {
  /** In the order of their numbers. */
  completions: Completion[];
  /** Of one copy of the prompt. */
  promptTokens: number;
  /** Prompt and completion tokens that went through the model: what n texts share, or the cache knows, is read once. */
  computedTokens: number;
}

export interface CompleteOptions {
  signal?: AbortSignal;
  /** Told of each text as it grows. */
  onText?: (index: number, text: string) => void;
}

export interface ContinuationScore {
  /** Sum over the continuation's tokens, nats. */
  logProb: number;
  tokens: number;
}

export interface Completer extends AsyncDisposable {
  /** Model and whatever else its answers depend on: part of the key of the request cache. */
  readonly name: string;
  /** Whether it takes conversations. */
  readonly isChat: boolean;
  /** @throws UserError when the model cannot do what is asked; the signal's reason when it is aborted */
  complete(request: CompletionRequest, options?: CompleteOptions): Promise<CompletionResult>;
  /** How probable continuations of a prompt are. */
  score?(prompt: PromptText, continuations: readonly string[], signal?: AbortSignal): Promise<ContinuationScore[]>;
  /** A vector for each text. */
  embed?(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
  /** Tokens of a prompt; without it nobody knows before it was read. */
  countTokens?(prompt: PromptText): Promise<number>;
}

/** The end of a conversation as the assistant begins to answer. */
export const withPrefill = (messages: readonly ChatMessage[], prefill: string): ChatMessage[] => [
  ...messages,
  { role: 'assistant', content: prefill },
];

/** Every character that a prompt consists of, for counting and comparing. */
export const textOfPrompt = (prompt: PromptText): string =>
  typeof prompt === 'string'
    ? prompt
    : prompt.map(({ role, content }) => `${role}\n${String(content ?? '')}`).join('\n');
