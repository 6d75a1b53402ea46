/**
 * A model on this machine, in the engine that serves too: n texts of one prompt grow in one batch and read the full pages of
 * its keys and values once (Kwon et al. 2023, arXiv:2309.06180).
 */
import { type OpenOptions, openEngine } from '../../engine/open-engine.ts';
import type { Engine, GenerationEvent, GenerationRequest, Prompt } from '../../engine/protocol.ts';
import { revisionOf } from '../../evaluate/models/remembered.ts';
import { modelFolder } from '../../models/auto.ts';
import { usageError } from '../../support/errors.ts';
import {
  type CompleteOptions,
  type Completer,
  type Completion,
  type CompletionResult,
  type ContinuationScore,
  type PromptText,
  withPrefill,
} from '../completer.ts';

export interface LocalOptions extends OpenOptions {
  /** Told what is worth knowing of the model as it was loaded. */
  onNote?: (note: string) => void;
}

/**
 * @param path a model folder, the folder of a run, or a model of the hub that was pulled
 * @throws UserError when there is no model, or it does not write text
 */
export async function openLocalCompleter(path: string, { onNote, ...options }: LocalOptions = {}): Promise<Completer> {
  const engine = await openEngine(path, options);
  for (const note of engine.notes) onNote?.(note);
  const folder = modelFolder(path);
  try {
    return completerOf(engine, `${folder} ${await revisionOf(folder)}`);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/**
 * @param name of the model and its revision
 * @param adapter one of the engine's, by its name; default the model itself
 */
export function completerOf(engine: Engine, name: string, { adapter }: { adapter?: string } = {}): Completer {
  if (!engine.card.abilities.includes('generate')) {
    throw usageError('TSLM_NOT_ABLE', `${engine.card.id} does not generate text`, 'name a language model');
  }
  const isChat = engine.card.hasChatTemplate ?? false;
  const promptOf = (prompt: PromptText, prefill = ''): Prompt => {
    if (typeof prompt === 'string') return { text: prompt + prefill };
    if (!isChat) {
      throw usageError(
        'TSLM_NO_CHAT',
        `${engine.card.id} has no chat template`,
        'set `chat: false` in the prompt file, or give a model that was trained on conversations',
      );
    }
    return prefill === ''
      ? { messages: prompt }
      : { messages: withPrefill(prompt, prefill), continueFinalMessage: true };
  };

  return {
    name,
    isChat,
    async complete(request, { signal, onText } = {}) {
      const { n = 1, maxTokens = 256, temperature = 0, topP, topK, stop, seed = 0, constraint } = request;
      const asked: GenerationRequest = {
        adapter,
        prompt: promptOf(request.prompt, request.prefill),
        sampling: { temperature, topP, topK, seed },
        n,
        maxTokens,
        stop: stop?.length ? stop : undefined,
        logprobs: 0,
        constraint,
      };
      return collect(engine.generate(asked, signal), n, onText);
    },
    async score(prompt, continuations, signal) {
      const scores: ContinuationScore[] = [];
      const context = await idsOf(engine, promptOf(prompt), signal);
      const text = typeof prompt === 'string' ? prompt : undefined;
      for (const continuation of continuations) {
        const ids =
          text === undefined
            ? [...context, ...(await idsOf(engine, { text: continuation }, signal, false))]
            : await idsOf(engine, { text: text + continuation }, signal);
        scores.push(await scoreFrom(engine, { adapter, ids }, Math.min(context.length, ids.length - 1), signal));
      }
      return scores;
    },
    embed: async (texts, signal) => (await engine.call('embed', { inputs: texts, truncate: true }, signal)).vectors,
    countTokens: async prompt => (await idsOf(engine, promptOf(prompt))).length,
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

const idsOf = async (
  engine: Engine,
  prompt: Prompt,
  signal?: AbortSignal,
  addSpecialTokens = true,
): Promise<number[]> => (await engine.call('tokenize', { prompt, addSpecialTokens, withTokens: false }, signal)).ids;

/** The log-probability of the tokens from number `from` on. */
async function scoreFrom(
  engine: Engine,
  { adapter, ids }: { adapter: string | undefined; ids: readonly number[] },
  from: number,
  signal?: AbortSignal,
): Promise<ContinuationScore> {
  let logProb = 0;
  for await (const event of engine.generate({ adapter, prompt: { ids }, maxTokens: 0, promptLogprobs: 0 }, signal)) {
    if (event.type !== 'start') continue;
    for (const token of event.prompt!.slice(from)) logProb += token.logprob ?? 0;
  }
  return { logProb, tokens: ids.length - from };
}

async function collect(
  events: AsyncIterable<GenerationEvent>,
  n: number,
  onText: CompleteOptions['onText'],
): Promise<CompletionResult> {
  const completions = Array.from(
    { length: n },
    (): Completion => ({ text: '', tokens: 0, logProb: 0, reason: 'length' }),
  );
  let promptTokens = 0;
  let computedTokens = 0;
  for await (const event of events) {
    if (event.type === 'text') {
      const own = completions[event.index];
      own.text += event.text;
      own.tokens += event.tokens?.length ?? 0;
      for (const { logprob } of event.tokens ?? []) own.logProb! += logprob ?? 0;
      if (event.text !== '') onText?.(event.index, own.text);
    } else if (event.type === 'finish')
      Object.assign(completions[event.index], { reason: event.reason, stop: event.stop ?? null });
    else if (event.type === 'end') {
      const { cachedTokens, cacheWriteTokens = 0, completionTokens } = event;
      promptTokens = event.promptTokens;
      countUnseen(completions, completionTokens);
      // The others of the n find the prompt's full pages in the cache, and read what is left of the last one.
      const shared = Math.max(cachedTokens, cachedTokens + cacheWriteTokens);
      computedTokens = promptTokens - cachedTokens + (n - 1) * (promptTokens - shared) + completionTokens;
    }
  }
  return { completions, promptTokens, computedTokens };
}

/** Tokens that are no text are written all the same: the end of the text, and what a stop text consists of. */
function countUnseen(completions: readonly Completion[], written: number): void {
  for (const one of completions) if (one.reason === 'stop' && one.stop === null) one.tokens++;
  const stopped = completions.filter(({ stop }) => typeof stop === 'string');
  let left = written - completions.reduce((sum, { tokens }) => sum + tokens, 0);
  for (let i = 0; left > 0 && stopped.length > 0; i = (i + 1) % stopped.length, left--) stopped[i].tokens++;
}
