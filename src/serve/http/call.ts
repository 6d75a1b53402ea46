/** What an endpoint is, and what it is given when a request has been read and its model found. */
import type { z } from 'zod';
import type {
  Ability,
  Engine,
  Found,
  GenerationEvent,
  GenerationRequest,
  ModelCard,
  ModelPool,
  Owner,
} from '../../engine/protocol.ts';
import { RequestError } from '../../engine/request-error.ts';
import { generateThinking, type ThinkingEvent, type ThinkingOptions } from '../../engine/thinking.ts';
import type { Recording } from '../../online/recorder.ts';
import type { Metrics } from './metrics.ts';
import type { Work } from './work.ts';

export interface Call<Body> {
  body: Body;
  /** As the client calls it; answers repeat it. */
  model: string;
  engine: Engine;
  card: ModelCard;
  adapter?: string;
  /** Keeps the answer to learn from. */
  recording?: Recording;
  work: Work;
  metrics: Metrics;
}

export interface Endpoint<Schema extends z.ZodObject = z.ZodObject> {
  path: string;
  /** One line for the documentation. */
  summary: string;
  schema: Schema;
  /** What comes back, and of a stream each event. */
  answer: z.ZodType;
  streamed?: z.ZodType;
  /** The parameter that the model reads. */
  input: string;
  /** What the model must be able to do. */
  ability?: Ability;
  /** Ids of its answers begin with it; they may be judged. */
  answers?: string;
  handle(call: Call<z.output<Schema>>): Promise<Response>;
}

/** Ties the type of a body to its schema. */
export const endpoint = <Schema extends z.ZodObject>(one: Endpoint<Schema>): Endpoint => one as unknown as Endpoint;

/** @throws UserError when there is no such model, or it cannot do this */
export function findModel(
  pool: ModelPool,
  name: string | undefined,
  ability: Ability | undefined,
): Pick<Call<never>, 'model' | 'engine' | 'card' | 'adapter'> & Pick<Found, 'hold'> {
  const model = name ?? onlyModel(pool);
  const { engine, card, adapter, hold } = pool.find(model);
  if (ability !== undefined && !card.abilities.includes(ability)) {
    throw new RequestError('TSLM_MODEL_UNSUITABLE', `the model '${model}' cannot ${VERBS[ability]}`, {
      param: 'model',
      hint: `it can ${card.abilities.map(one => VERBS[one]).join(', ') || 'do nothing that a server offers'}`,
    });
  }
  return { model, engine, card, adapter, hold };
}

/** The engine with everything asked in one name, as its shares are counted. */
export const ownedBy = (engine: Engine, owner: Owner): Engine => ({
  ...engine,
  generate: (request, signal) => engine.generate(request, signal, owner),
  call: (name, input, signal) => engine.call(name, input, signal, owner),
});

function onlyModel(pool: ModelPool): string {
  const models = [...pool.list(), ...pool.states().filter(({ isUp }) => !isUp)];
  if (models.length === 1) return models[0].id;
  throw new RequestError('TSLM_MISSING_PARAMETER', "Missing required parameter: 'model'", {
    param: 'model',
    hint: models.length === 0 ? 'no model is loaded' : `one of ${models.map(({ id }) => id).join(', ')}`,
  });
}

const VERBS: Record<Ability, string> = {
  generate: 'write text',
  chat: 'chat',
  embed: 'embed',
  classify: 'classify',
  rerank: 'rank documents',
  fillMask: 'fill masks',
  translate: 'translate',
  summarize: 'summarize',
  answer: 'answer from a context',
  inspect: 'be looked into',
};

/** Starts a generation, and counts what it takes. */
export function generate(
  call: Call<unknown>,
  given: GenerationRequest,
  signal = call.work.signal,
): AsyncGenerator<GenerationEvent> {
  const { engine, adapter, recording } = call;
  const request = recording?.request(given) ?? given;
  return counted(call, request, engine.generate({ adapter, ...request }, signal));
}

/** The same of a model that thinks before it answers. */
export function generateWithThoughts(
  call: Call<unknown>,
  given: GenerationRequest,
  thinking: ThinkingOptions,
): AsyncGenerator<ThinkingEvent> {
  const { engine, adapter, work, recording } = call;
  const request = recording?.request(given) ?? given;
  return counted(call, request, generateThinking(engine, { adapter, ...request }, thinking, work.signal));
}

async function* counted<Event extends ThinkingEvent>(
  { work, metrics, model, recording }: Call<unknown>,
  request: GenerationRequest,
  events: AsyncIterable<Event>,
): AsyncGenerator<Event> {
  const timer = metrics.timeGeneration(model);
  let written = 0;
  try {
    for await (const event of events) {
      if (event.type === 'text' || event.type === 'thought') {
        written++;
        timer.text();
      } else if (event.type === 'start') {
        work.promptTokens += event.promptTokens;
      } else if (event.type === 'end') {
        written = event.completionTokens;
      }
      recording?.take(request, event); // before the client learns that the answer is whole, and judges it
      yield event;
    }
  } finally {
    work.completionTokens += written; // of what was cut off, a token for each piece of text
  }
}
