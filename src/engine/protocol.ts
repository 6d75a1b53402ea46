/**
 * What HTTP handlers know of a model: requests and results as plain data, so that they cross between threads as they are. A
 * model lives in a worker (`engine/`); text becomes tokens and tokens text on the worker's side.
 */

import type { ConstraintSource } from '../constrain/index.ts';
import type { AttentionMaps } from '../explain/attention-maps.ts';
import type { LayerPredictions } from '../explain/logit-lens.ts';
import type { Sampling } from '../generate/config/sampling-options.ts';
import type { Ability } from '../tasks/abilities.ts';
import type { TextToTextTask } from '../tasks/text-to-text.ts';
import type { ChatMessage } from '../tokenizers/chat/chat.ts';
import type { ThinkingTags } from './thinking-tags.ts';

export type { AttentionMaps } from '../explain/attention-maps.ts';
export type { LayerPredictions } from '../explain/logit-lens.ts';
export type { Sampling } from '../generate/config/sampling-options.ts';
export type { Ability } from '../tasks/abilities.ts';
export type { ThinkingTags } from './thinking-tags.ts';

/** How a model writes calls of functions (`http/tools/tool-format.ts`). */
export type ToolFormat = 'hermes' | 'llama3' | 'mistral';

export interface ModelCard {
  /** The name that requests use. */
  id: string;
  /** Seconds since 1970. */
  created: number;
  /** The model that an adapter changes. */
  parent?: string;
  /** `model_type` of config.json; absent for a model behind another server, as is what follows. */
  modelType?: string;
  architecture?: 'decoder' | 'encoder' | 'encoder-decoder';
  task?: string;
  abilities: readonly Ability[];
  /** Tokens of prompt and answer together. */
  contextLength?: number;
  vocabularySize?: number;
  parameters?: number;
  dtype?: string;
  hasChatTemplate?: boolean;
  /** What stands around thoughts, where the chat template knows them. */
  thinking?: ThinkingTags;
  /** Default `hermes`. */
  toolFormat?: ToolFormat;
  /** Folder of the model. */
  path?: string;
  /** Of the files that decide what it writes, the adapter's with the model's (`models/content-hash.ts`). */
  fingerprint?: string;
  /** Address of the server that has it. */
  upstream?: string;
}

export type Prompt =
  /** With a task: in front goes what an encoder–decoder is told for it. */
  | { text: string; task?: TextToTextTask }
  /** With a task: all that the encoder reads. */
  | { ids: readonly number[]; task?: TextToTextTask }
  | {
      messages: readonly ChatMessage[];
      /** As in OpenAI's API: `{ type: 'function', function: { name, description, parameters } }`. */
      tools?: readonly Record<string, unknown>[];
      /** Variables of the template. */
      variables?: Record<string, unknown>;
      /** End within the last message. Default false. */
      continueFinalMessage?: boolean;
    };

/** What the text must follow. */
export type ConstraintRequest = ConstraintSource;

/** Who asked: what a model can do at once is shared evenly between clients, and between the requests of each. */
export interface Owner {
  /** The holder of a key, or an address. */
  client: string;
  /** One HTTP request, which may ask for many texts. */
  request: string;
}

export interface GenerationRequest {
  /** Name of a loaded adapter; default the model itself. */
  adapter?: string;
  prompt: Prompt;
  sampling?: Sampling;
  /** Texts that are returned. Default 1. */
  n?: number;
  /** Texts that are drawn, of which the `n` with the highest mean log-probability are returned, at the end. */
  bestOf?: number;
  /** Beam search with this many beams in place of sampling: all texts come at the end. */
  beams?: number;
  lengthPenalty?: number;
  /** Within what the context leaves; default all of that. 0 with `promptLogprobs`: the prompt alone is scored. */
  maxTokens?: number;
  minTokens?: number;
  stop?: readonly string[];
  stopTokenIds?: readonly number[];
  ignoreEos?: boolean;
  /** Alternatives reported with each token, 0 for the token's own log-probability alone; default none of it. */
  logprobs?: number;
  /** The same for the prompt's tokens. */
  promptLogprobs?: number;
  constraint?: ConstraintRequest;
}

export interface TokenInfo {
  id: number;
  /** As the vocabulary writes it, decoded; half a character is `bytes` alone. */
  text: string;
  bytes: number[];
  /** Natural logarithm; null for the first token of a prompt, which nothing comes before. */
  logprob: number | null;
  top?: { id: number; text: string; bytes: number[]; logprob: number }[];
}

/** Why a text ended: by its end-of-text token or a stop text, or at its limit. */
export type FinishReason = 'stop' | 'length';

export type GenerationEvent =
  /** Tokens of the prompt, of which `cached` were in the prefix cache. */
  | { type: 'start'; promptTokens: number; cachedTokens: number; prompt?: TokenInfo[] }
  /** Text of choice `index`, never half a character nor the beginning of a stop string. */
  | { type: 'text'; index: number; text: string; tokens?: TokenInfo[] }
  | { type: 'finish'; index: number; reason: FinishReason; stop?: string }
  /** Last of all. Of the prompt's tokens, `cacheWriteTokens` are now kept for requests that begin alike; default none. */
  | {
      type: 'end';
      promptTokens: number;
      cachedTokens: number;
      cacheWriteTokens?: number;
      completionTokens: number;
    };

/** A text, or its token ids. */
export type TextInput = string | readonly number[];

export interface Results {
  tokenize: { ids: number[]; tokens: string[] };
  detokenize: { text: string };
  embed: { vectors: Float32Array[]; tokens: number };
  classify: { labels: { label: string; score: number }[][]; tokens: number };
  /** In the order of the documents: higher is more relevant. */
  rerank: { scores: number[]; tokens: number };
  fillMask: { masks: { id: number; token: string; score: number; sequence: string }[][]; tokens: number };
  answer: { answers: { text: string; score: number; start: number; end: number }[]; tokens: number };
  inspectAttention: AttentionMaps;
  inspectLayers: LayerPredictions;
}

/** What is computed in one go; each name with what it takes. */
export interface Calls {
  /** `withTokens`: give their strings, too. Default true. */
  tokenize: { prompt: Prompt; addSpecialTokens?: boolean; withTokens?: boolean };
  detokenize: { ids: readonly number[]; skipSpecialTokens?: boolean };
  /** What is longer than the model reads is an error unless `truncate` is true; so in what follows. */
  embed: {
    inputs: readonly TextInput[];
    truncate?: boolean;
    pooling?: 'mean' | 'cls' | 'last';
    normalize?: boolean;
    dimensions?: number;
  };
  /** Pairs for models that compare two texts. */
  classify: { inputs: readonly (string | readonly [string, string])[]; topK?: number; truncate?: boolean };
  rerank: { query: string; documents: readonly string[]; truncate?: boolean };
  fillMask: { input: string; topK?: number };
  /** Extracts answers from a context (`questionAnswering` models); other models generate. */
  answer: { question: string; context: string; topK?: number };
  inspectAttention: { text: string; target?: string };
  inspectLayers: { text: string; topK?: number };
}

/** Where a model's work stands. */
export interface EngineStats {
  /** Requests in the queue, and sequences that are decoded. */
  queued: number;
  running: number;
  /** Of the key–value cache. */
  cacheUsedTokens: number;
  cacheTokens: number;
  /** Prompt tokens that were found in the cache, and all. */
  cachedTokens: number;
  promptTokens: number;
  completionTokens: number;
  steps: number;
  /** Texts in a step, summed over steps: divided by `steps` the mean. */
  batchSizes: number;
  /** Bytes of tensors alive. */
  tensorBytes: number;
  /** Estimated bytes of compiled constraints and what was found with them. */
  constraintBytes: number;
}

/** A model at work: in a worker (`model-worker.ts`), or anything that tests put in its place. */
export interface Engine {
  readonly card: ModelCard;
  /**
   * Streams a generation. An abort ends the work within one step and the stream with the signal's reason.
   *
   * @throws UserError for a request that cannot be done, `TSLM_OVERLOADED` when the queue is full
   */
  generate(request: GenerationRequest, signal?: AbortSignal, owner?: Owner): AsyncIterable<GenerationEvent>;
  call<K extends keyof Calls>(name: K, input: Calls[K], signal?: AbortSignal, owner?: Owner): Promise<Results[K]>;
  stats(): Promise<EngineStats>;
  /** Loads a PEFT folder under a name; the card of what requests can now name. */
  loadAdapter(name: string, path: string): Promise<ModelCard>;
  unloadAdapter(name: string): Promise<void>;
  /** Frees the model once nothing runs on it; work under way is ended. */
  close(): Promise<void>;
}

/** A model that was loaded: at work, or being started again after its thread has ended. */
export interface ModelState {
  id: string;
  isUp: boolean;
  /** Times that it was started again. */
  restarts: number;
}

/** What answers for a name at this moment. */
export interface Found {
  engine: Engine;
  card: ModelCard;
  adapter?: string;
  /** Keeps it from being let go when it is replaced, until what is returned is called. */
  hold(): () => void;
}

/** The models of a server, which come and go. */
export interface ModelPool {
  /** Models and adapters that answer, in the order of their loading. */
  list(): readonly ModelCard[];
  /**
   * The engine that answers for a name, and the adapter that the name means.
   *
   * @throws UserError `TSLM_MODEL_NOT_FOUND`; `TSLM_LOADING` or `TSLM_MODEL_DOWN` while it does not answer yet or again
   */
  find(name: string): Found;
  /** Everything asked for at the start is loaded. */
  readonly isReady: boolean;
  /** Models that were loaded, those that do not answer now among them. */
  states(): readonly ModelState[];
  /** Loads a model folder, or with `parent` an adapter. */
  load(options: { path: string; name?: string; parent?: string }): Promise<ModelCard>;
  /**
   * Puts another model, or an adapter of the model that is there, in the place of what answers for a name. Requests that found the
   * one before end on it; those that come find the new one; none waits. What nobody needs any more is let go.
   *
   * @returns once the new one answers. `drained` resolves when the one before is gone
   * @throws UserError when it cannot be loaded: the one before goes on then
   */
  replace(name: string, path: string): Promise<{ card: ModelCard; drained: Promise<void> }>;
  /** @throws UserError `TSLM_MODEL_NOT_FOUND` */
  unload(name: string): Promise<void>;
  close(): Promise<void>;
}
