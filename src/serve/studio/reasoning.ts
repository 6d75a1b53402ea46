/**
 * A question put to a model with a strategy of reasoning, told as it goes: texts as they grow, chains, thoughts of a tree, notes, and
 * the result. Questions come as texts: templates are filled in by the page, so that nothing of a request is run as a program here.
 */
import { z } from 'zod';
import type { ModelPool } from '../../engine/protocol.ts';
import { completerOf } from '../../prompt/completers/local.ts';
import { choiceParser, numberIn, type Parsed, type Parser } from '../../prompt/program/parsers.ts';
import { definePrompt } from '../../prompt/program/signature.ts';
import { chooseStrategy, runStrategy } from '../../prompt/strategies/run-strategy.ts';
import type { StrategyEvent } from '../../prompt/strategies/session.ts';
import { STRATEGIES } from '../../prompt/strategies/strategies.ts';
import { messageOf, UserError, usageError } from '../../support/errors.ts';
import type { ReasoningEvent, StrategyInfo } from './api.ts';

/** Strategies that run programs, or need files. */
const LEFT_OUT = ['program-of-thought', 'react', 'auto-chain-of-thought'];
const MOST_TOKENS = 100_000;

const parserSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('number') }),
  z.strictObject({ kind: z.literal('text') }),
  /** What follows the last occurrence of a text, to the end of its line. */
  z.strictObject({ kind: z.literal('after'), mark: z.string().min(1) }),
  z.strictObject({ kind: z.literal('choice'), choices: z.array(z.string().min(1)).min(2) }),
]);

export const reasoningSchema = z.strictObject({
  model: z.string(),
  question: z.string().min(1, 'ask something'),
  instruction: z.string().optional(),
  examples: z.array(z.strictObject({ question: z.string(), answer: z.string() })).default([]),
  separator: z.string().default('\n\n'),
  chat: z.boolean().default(false),
  parser: parserSchema,
  strategy: z.looseObject({ name: z.string() }),
  generation: z
    .strictObject({
      maxTokens: z.int().min(1).max(8192).optional(),
      temperature: z.number().min(0).max(5).optional(),
      stop: z.array(z.string().min(1)).max(16).optional(),
    })
    .default({}),
  /** The right answer. */
  target: z.string().optional(),
  seed: z.int().min(0).default(0),
  /** Most tokens that are written. */
  budget: z.int().min(1).max(MOST_TOKENS).default(16_384),
});
type ReasoningRequest = z.output<typeof reasoningSchema>;

/** What the page can choose, with the options of each as a JSON Schema. */
export const strategyInfos = (): StrategyInfo[] =>
  Object.entries(STRATEGIES)
    .filter(([name]) => !LEFT_OUT.includes(name))
    .map(([name, { about, options }]) => ({
      name,
      about,
      options: z.toJSONSchema(options, { io: 'input' }).properties as StrategyInfo['options'],
    }));

/**
 * @returns events as they come
 * @throws UserError before the first of them for what cannot be: a model, a strategy or an option that there is not
 */
export function reason(
  pool: ModelPool,
  request: ReasoningRequest,
): (signal: AbortSignal) => AsyncGenerator<ReasoningEvent> {
  const { model, question, examples, strategy, target, seed, budget } = request;
  if (LEFT_OUT.includes(strategy.name)) {
    throw usageError('TSLM_NOT_ABLE', `${strategy.name} is for \`tslm prompt\` alone`, 'choose another strategy');
  }
  const chosen = chooseStrategy(strategy, 'request');
  const { engine, card, adapter, hold } = pool.find(model);
  if (card.upstream !== undefined) {
    throw usageError('TSLM_NOT_ABLE', `${model} is behind another server`, 'use `tslm prompt` with its --base-url');
  }
  const completer = completerOf(engine, card.id, { adapter });
  const parser = parserOf(request.parser);
  const prompt = definePrompt({
    name: 'request',
    input: z.looseObject({ question: z.string() }),
    parser,
    instruction: request.instruction === '' ? undefined : request.instruction,
    template: '{{ question }}',
    // An example's own, or a choice as it would follow the question.
    answer: `{{ answer if answer is defined else '${request.chat ? '' : ' '}' ~ target }}`,
    separator: request.separator,
    chat: request.chat,
    generation: request.generation,
  });
  const problem = prompt.problem({ question }, examples);
  return async function* events(signal) {
    const release = hold();
    const start = performance.now();
    const waiting: ReasoningEvent[] = [];
    let wake: (() => void) | undefined;
    const tell = wireEvents(event => {
      waiting.push(event);
      wake?.();
    });
    let isOver = false;
    const running = runStrategy(chosen, problem, completer, { seed, budget, signal, onEvent: tell })
      .then(({ answer, votes, tokens, saved, isCut }): ReasoningEvent => {
        const known = target === undefined || target === '' ? undefined : parser.known(target);
        const isRight = known === undefined ? undefined : answer !== null && answer.key === known?.key;
        const seconds = (performance.now() - start) / 1000;
        return {
          type: 'result',
          answer: answer?.key ?? null,
          isRight,
          votes: [...votes],
          tokens,
          saved,
          isCut,
          seconds,
        };
      })
      .catch((error: unknown): ReasoningEvent => {
        const { code, hint } = error instanceof UserError ? error : { code: 'internal_error', hint: undefined };
        return { type: 'error', error: { message: messageOf(error), type: 'invalid_request_error', code, hint } };
      })
      .then(last => {
        waiting.push(last);
        isOver = true;
        wake?.();
      });
    try {
      for (;;) {
        yield* waiting.splice(0);
        if (isOver && waiting.length === 0) return;
        await new Promise<void>(resolve => {
          wake = resolve;
          if (isOver || waiting.length > 0) resolve();
        });
      }
    } finally {
      await running;
      release();
    }
  };
}

/** Texts are told by what they got since the last time. */
function wireEvents(send: (event: ReasoningEvent) => void): (event: StrategyEvent) => void {
  const told = new Map<string, number>();
  return event => {
    if (event.type === 'text') {
      const { request, index, text } = event;
      const key = `${request}.${index}`;
      const more = text.slice(told.get(key) ?? 0);
      told.set(key, text.length);
      if (more !== '') send({ type: 'text', request, index, text: more });
    } else if (event.type === 'chain') {
      const { text, answer, tokens, score } = event.chain;
      send({ type: 'chain', chain: { text, answer: answer?.key ?? null, tokens, score } });
    } else send(event);
  };
}

function parserOf(options: ReasoningRequest['parser']): Parser {
  const textual = (text: string): Parsed | null =>
    text.trim() === '' ? null : { key: text.trim(), value: text.trim() };
  switch (options.kind) {
    case 'number':
      return { parse: text => numberIn(text), known: answer => numberIn(String(answer)) };
    case 'text':
      return { parse: textual, known: answer => textual(String(answer)) };
    case 'choice':
      return choiceParser({ ...options, take: 'last', constrain: false });
    default:
      return {
        parse(text) {
          const at = text.lastIndexOf(options.mark);
          if (at < 0) return null;
          const [line] = text
            .slice(at + options.mark.length)
            .trimStart()
            .split('\n');
          return textual(line.trimEnd().replace(/[.。]$/, ''));
        },
        known: answer => textual(String(answer)),
      };
  }
}
