/** A model in a worker, for programs: it never blocks the caller, batches what is asked at once, and lets the program end. */
import type { z } from 'zod';
import { type OpenedEngine, type OpenOptions, openEngine } from '../engine/open-engine.ts';
import type { GenerationRequest, ModelCard, Results } from '../engine/protocol.ts';
import { areMany, each, requestOf, type TextOptions, type TextPrompt } from './prompts.ts';
import { constraintOf, type ObjectResult, objectOf } from './structured.ts';
import { type TextResult, type TextStream, textStream } from './text-stream.ts';

export interface CallOptions {
  signal?: AbortSignal;
  /** Cut what is longer than the model reads. Default false: it is an error. */
  truncate?: boolean;
}

export interface EmbedTextsOptions extends CallOptions {
  /** Default as the model's files say, else the mean. */
  pooling?: 'mean' | 'cls' | 'last';
  normalize?: boolean;
  /** Keep the first n dimensions, for models that were trained for that (Matryoshka). */
  dimensions?: number;
}

/** A label of a classifier with its probability. */
export interface Label {
  label: string;
  score: number;
}

/** Whatever takes one prompt or text also takes many, which are computed together, and gives as many results. */
export interface OpenModel extends AsyncDisposable {
  /** Its name, sizes, and what it can be asked for (`abilities`). */
  readonly card: ModelCard;
  /** What is worth knowing of the model as it was loaded. */
  readonly notes: readonly string[];
  text(prompt: TextPrompt, options?: TextOptions): Promise<string>;
  text(prompts: readonly TextPrompt[], options?: TextOptions): Promise<string[]>;
  /** The text with why it ended, and the tokens it took. */
  generate(prompt: TextPrompt, options?: TextOptions): Promise<TextResult>;
  generate(prompts: readonly TextPrompt[], options?: TextOptions): Promise<TextResult[]>;
  stream(prompt: TextPrompt, options?: TextOptions): TextStream;
  /**
   * JSON that follows a schema and is complete: the mask closes strings and braces before `maxTokens` are spent. With a schema
   * of zod the value is parsed by it and has its type.
   */
  object<Schema extends z.ZodType>(
    prompt: TextPrompt,
    options: Omit<TextOptions, 'regex'> & { schema: Schema },
  ): Promise<ObjectResult<z.output<Schema>>>;
  object<Schema extends z.ZodType>(
    prompts: readonly TextPrompt[],
    options: Omit<TextOptions, 'regex'> & { schema: Schema },
  ): Promise<ObjectResult<z.output<Schema>>[]>;
  object(
    prompt: TextPrompt,
    options: Omit<TextOptions, 'regex'> & { schema: Readonly<Record<string, unknown>> },
  ): Promise<ObjectResult<unknown>>;
  /** A vector for a text. */
  embed(text: string, options?: EmbedTextsOptions): Promise<Float32Array>;
  embed(texts: readonly string[], options?: EmbedTextsOptions): Promise<Float32Array[]>;
  /** Labels of a text, the most probable first. */
  classify(text: string, options?: CallOptions & { topK?: number }): Promise<Label[]>;
  classify(texts: readonly string[], options?: CallOptions & { topK?: number }): Promise<Label[][]>;
  /** How relevant each document is for the query, in their order. */
  rerank(query: string, documents: readonly string[], options?: CallOptions): Promise<number[]>;
  /** Answers that are spans of the context, by a model for question answering. */
  answer(
    question: string,
    context: string,
    options?: { signal?: AbortSignal; topK?: number },
  ): Promise<Results['answer']['answers']>;
  /** What may stand at each mask of the text. */
  fillMask(text: string, options?: { signal?: AbortSignal; topK?: number }): Promise<Results['fillMask']['masks']>;
  /** Loads a PEFT folder under a name that options then take as `adapter`. */
  loadAdapter(name: string, path: string): Promise<void>;
  unloadAdapter(name: string): Promise<void>;
  /** Ends the worker; what is under way is rejected. The same as `await using` at the end of its block. */
  dispose(): Promise<void>;
}

/**
 * Opens a model in a worker of its own.
 *
 * @param path a model folder, the folder of a run, or a model of the hub that was pulled
 * @throws UserError when there is no model, it cannot be loaded, or memory does not suffice
 */
export async function open(path: string, options: OpenOptions = {}): Promise<OpenModel> {
  return modelOn(await openEngine(path, options));
}

/** The same over an engine that is at work. */
export function modelOn(engine: OpenedEngine): OpenModel {
  const run = (request: GenerationRequest, signal?: AbortSignal): TextStream =>
    textStream(engine.generate(request, signal));

  const finish = async (request: GenerationRequest, signal?: AbortSignal): Promise<TextResult> => {
    const stream = run(request, signal);
    for await (const _ of stream);
    return await stream.result;
  };

  async function generate(prompt: TextPrompt | readonly TextPrompt[], options: TextOptions = {}): Promise<unknown> {
    const where = 'generate';
    if (!areMany(prompt)) return await finish(requestOf(prompt, options, { where }), options.signal);
    const requests = prompt.map((one, seedOffset) => requestOf(one, options, { where, seedOffset }));
    return await each(requests, (request, _, signal) => finish(request, signal), options.signal);
  }

  async function object(
    prompt: TextPrompt | readonly TextPrompt[],
    { schema, ...options }: TextOptions & { schema: object },
  ): Promise<unknown> {
    const more = { where: 'object', constraint: constraintOf(schema) };
    const ask = async (one: TextPrompt, seedOffset: number, signal?: AbortSignal) =>
      objectOf(schema, await finish(requestOf(one, options, { ...more, seedOffset }), signal));
    return areMany(prompt) ? await each(prompt, ask, options.signal) : await ask(prompt, 0, options.signal);
  }

  const dispose = (): Promise<void> => engine.close();
  const model = {
    card: engine.card,
    notes: engine.notes,
    generate,
    object,
    async text(prompt: TextPrompt | readonly TextPrompt[], options?: TextOptions) {
      const result = (await generate(prompt, options)) as TextResult | TextResult[];
      return Array.isArray(result) ? result.map(({ text }) => text) : result.text;
    },
    stream: (prompt: TextPrompt, options: TextOptions = {}) =>
      run(requestOf(prompt, options, { where: 'stream' }), options.signal),
    async embed(texts: string | readonly string[], { signal, ...options }: EmbedTextsOptions = {}) {
      const inputs = [texts].flat() as string[];
      const { vectors } = await engine.call('embed', { inputs, ...options }, signal);
      return typeof texts === 'string' ? vectors[0] : vectors;
    },
    async classify(texts: string | readonly string[], { signal, ...options }: CallOptions & { topK?: number } = {}) {
      const inputs = [texts].flat() as string[];
      const { labels } = await engine.call('classify', { inputs, ...options }, signal);
      return typeof texts === 'string' ? labels[0] : labels;
    },
    async rerank(query: string, documents: readonly string[], { signal, ...options }: CallOptions = {}) {
      return (await engine.call('rerank', { query, documents, ...options }, signal)).scores;
    },
    async answer(question: string, context: string, options: { signal?: AbortSignal; topK?: number } = {}) {
      return (await engine.call('answer', { question, context, topK: options.topK }, options.signal)).answers;
    },
    async fillMask(input: string, { signal, topK }: { signal?: AbortSignal; topK?: number } = {}) {
      return (await engine.call('fillMask', { input, topK }, signal)).masks;
    },
    async loadAdapter(name: string, path: string) {
      await engine.loadAdapter(name, path);
    },
    unloadAdapter: (name: string) => engine.unloadAdapter(name),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
  return model as unknown as OpenModel;
}
