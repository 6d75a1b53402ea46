/**
 * Models that think before they answer: the text between `<think>` and `</think>` is told apart from what follows, and ended after so
 * many tokens (budget forcing, Muennighoff et al. 2025, arXiv:2501.19393). Thinking and answering are two requests, of which the second
 * finds what the first read and wrote in the cache: what an answer must follow, and what ends it, does not hold for thoughts.
 */

import type { Engine, GenerationEvent, GenerationRequest } from './protocol.ts';
import type { ThinkingTags } from './thinking-tags.ts';

export interface ThinkingOptions extends ThinkingTags {
  /** Most tokens of thought; default as many as the answer may have. */
  budget?: number;
}

export type ThinkingEvent =
  | GenerationEvent
  | { type: 'thought'; index: number; text: string }
  /** Of all texts together, before `end`. */
  | { type: 'thoughtTokens'; tokens: number };

/** What goes between the end of thoughts that were cut off and the answer. */
const AFTER = '\n\n';

interface Text {
  /** What was written so far, tags and all. */
  written: string;
  mode: 'undecided' | 'thinking' | 'answering';
  /** Whether anything of the thought was told: white space in front of it is none of it. */
  isBegun: boolean;
  tokens: number;
  reason: 'stop' | 'length';
  stop?: string;
}

/** @throws as `engine.generate` does */
export async function* generateThinking(
  engine: Pick<Engine, 'generate' | 'call'>,
  request: GenerationRequest,
  { open, close, budget }: ThinkingOptions,
  signal?: AbortSignal,
): AsyncGenerator<ThinkingEvent, void> {
  const { n = 1, maxTokens, stop = [], constraint, prompt } = request;
  const { ids } = await engine.call('tokenize', { prompt, withTokens: false }, signal);
  const { text: tail } = await engine.call('detokenize', { ids: ids.slice(-TAIL) }, signal);
  const isOpened = tail.lastIndexOf(open) > tail.lastIndexOf(close);
  const texts = Array.from(
    { length: n },
    (): Text => ({ written: '', mode: 'undecided', isBegun: false, tokens: 0, reason: 'length' }),
  );
  if (isOpened) for (const text of texts) text.mode = 'thinking';
  const most = Math.min(budget ?? Number.POSITIVE_INFINITY, maxTokens ?? Number.POSITIVE_INFINITY);

  if (most === 0) {
    yield { type: 'start', promptTokens: ids.length, cachedTokens: 0 };
  }
  let end: Extract<GenerationEvent, { type: 'end' }> = {
    type: 'end',
    promptTokens: ids.length,
    cachedTokens: 0,
    completionTokens: 0,
  };
  if (most > 0) {
    const thinking: GenerationRequest = {
      ...request,
      prompt: { ids },
      // What an answer must follow begins after the thoughts; a prompt that does not open them may be answered at once.
      constraint: isOpened ? undefined : constraint,
      stop: isOpened ? [close] : [close, ...stop],
      maxTokens: Number.isFinite(most) ? most : undefined,
      minTokens: undefined,
      logprobs: request.logprobs ?? 0,
    };
    for await (const event of engine.generate(thinking, signal)) {
      if (event.type === 'start') yield event;
      else if (event.type === 'end') end = event;
      else if (event.type === 'finish') Object.assign(texts[event.index], { reason: event.reason, stop: event.stop });
      else {
        const text = texts[event.index];
        text.tokens += event.tokens?.length ?? 0;
        yield* tell(text, event, open, request.logprobs !== undefined);
      }
    }
  }
  for (const [index, text] of texts.entries()) yield* tellRest(text, index);
  const thought = texts.filter(({ mode }) => mode === 'thinking').reduce((sum, { tokens }) => sum + tokens, 0);

  // Those that came to their end without an answer, or with it, and those that go on.
  const isCut = (text: Text): boolean => text.reason === 'length' && most < (maxTokens ?? Number.POSITIVE_INFINITY);
  const goesOn = (text: Text): boolean =>
    (text.mode === 'thinking' && (text.stop === close || isCut(text))) || (text.mode === 'answering' && isCut(text));
  let answered = 0;
  const streams = texts.map((text, index) => () => finish(text, index));
  async function* finish(text: Text, index: number): AsyncGenerator<GenerationEvent> {
    const left = maxTokens === undefined ? undefined : maxTokens - text.tokens;
    if (!goesOn(text) || left === 0) {
      const reason = text.mode === 'thinking' && goesOn(text) ? 'length' : text.reason;
      yield { type: 'finish', index, reason, ...(text.mode === 'answering' && text.stop && { stop: text.stop }) };
      return;
    }
    const behind =
      most === 0
        ? `${isOpened ? '' : `${open}${AFTER}`}${close}${AFTER}`
        : text.mode === 'thinking'
          ? `${text.written.trimEnd()}\n${close}${AFTER}`
          : text.written;
    const more = await engine.call(
      'tokenize',
      { prompt: { text: behind }, addSpecialTokens: false, withTokens: false },
      signal,
    );
    const seed = request.sampling?.seed;
    const answer: GenerationRequest = {
      ...request,
      prompt: { ids: [...ids, ...more.ids] },
      n: 1,
      maxTokens: left,
      sampling: { ...request.sampling, ...(seed !== undefined && { seed: (seed + index + 1) % 2 ** 31 }) },
    };
    for await (const event of engine.generate(answer, signal)) {
      if (event.type === 'text' || event.type === 'finish') yield { ...event, index };
      else if (event.type === 'end') answered += event.completionTokens;
    }
  }
  yield* sideBySide(streams);
  yield { type: 'thoughtTokens', tokens: thought };
  yield { ...end, completionTokens: end.completionTokens + answered };
}

/** Tokens at the end of a prompt among which a tag may stand. */
const TAIL = 16;

/** What a piece of text is, once it is known whether the model began to think. */
function* tell(
  text: Text,
  event: Extract<GenerationEvent, { type: 'text' }>,
  open: string,
  wantsTokens: boolean,
): Generator<ThinkingEvent> {
  const { index, tokens } = event;
  text.written += event.text;
  if (text.mode === 'thinking') {
    yield* think(text, index, event.text);
    return;
  }
  const piece = (given: string): ThinkingEvent => ({
    type: 'text',
    index,
    text: given,
    ...(wantsTokens && { tokens }),
  });
  if (text.mode === 'answering') {
    yield piece(event.text);
    return;
  }
  const begun = text.written.trimStart();
  if (begun.startsWith(open)) {
    text.mode = 'thinking';
    yield* think(text, index, begun.slice(open.length));
  } else if (!open.startsWith(begun)) {
    text.mode = 'answering';
    yield piece(text.written);
  } else if (wantsTokens && tokens?.length) yield { type: 'text', index, text: '', tokens };
}

function* think(text: Text, index: number, piece: string): Generator<ThinkingEvent> {
  const thought = text.isBegun ? piece : piece.trimStart();
  if (thought === '') return;
  text.isBegun = true;
  yield { type: 'thought', index, text: thought };
}

/** A text that ended before it was known what it is was an answer. */
function* tellRest(text: Text, index: number): Generator<ThinkingEvent> {
  if (text.mode !== 'undecided') return;
  text.mode = 'answering';
  if (text.written !== '') yield { type: 'text', index, text: text.written };
}

/** Several streams as one, in the order in which things happen. */
async function* sideBySide<T>(starts: readonly (() => AsyncGenerator<T>)[]): AsyncGenerator<T> {
  const streams = starts.map(start => start());
  const next = new Map(streams.map((stream, i) => [i, stream.next().then(result => ({ i, result }))]));
  try {
    while (next.size > 0) {
      const { i, result } = await Promise.race(next.values());
      if (result.done) next.delete(i);
      else {
        next.set(
          i,
          streams[i].next().then(later => ({ i, result: later })),
        );
        yield result.value;
      }
    }
  } finally {
    for (const waiting of next.values()) waiting.catch(() => {});
    await Promise.all([...next.keys()].map(i => streams[i].return(undefined).catch(() => {})));
  }
}
