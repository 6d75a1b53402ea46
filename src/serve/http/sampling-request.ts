/** Sampling parameters of a request's body as the engine takes them, once what contradicts itself is refused. */
import { beamConflict } from '../../engine/beam-conflicts.ts';
import type { ConstraintRequest, GenerationRequest, ModelCard, Sampling } from '../../engine/protocol.ts';
import { badParameter } from './parameters.ts';
import { REQUEST_NAMES, read, SAMPLING_NAMES } from './schemas/names.ts';
import type { SamplingParameters } from './schemas/sampling.ts';

/** `logprobs` is a number of alternatives in completions, and whether there are any in chats. */
type Given = Partial<SamplingParameters> & { best_of?: number; logprobs?: number | boolean; top_logprobs?: number };

/** @throws RequestError that names the parameter */
export function samplingRequest(given: Given, card: ModelCard): Omit<GenerationRequest, 'prompt' | 'maxTokens'> {
  const sampling: Sampling = read(given, SAMPLING_NAMES);
  const { stop, beams, ...request } = read(given, REQUEST_NAMES);
  checkBeams(given, { ...request, sampling, beams });
  checkIds(sampling, request, card);
  const { temperature, topK, seed } = sampling;
  return {
    ...request,
    sampling: {
      ...sampling,
      temperature: temperature ?? (drawsUnasked(sampling, card) ? 1 : undefined),
      topK: topK === undefined ? undefined : Math.max(0, topK),
      seed: seed === undefined ? undefined : seedOfDraws(seed),
    },
    beams: beams === 1 ? undefined : beams,
    stop: stop?.length ? stop : undefined,
    constraint: given.structured_outputs && constraintOf(given.structured_outputs),
  };
}

/** Those of draws count from 0, and the next ones must be numbers of their own: others get a place far up. */
const seedOfDraws = (seed: number): number =>
  seed >= 0 && seed < 2 ** 51 ? seed : 2 ** 51 + (Math.abs(seed) % 2 ** 51);

/** An encoder–decoder draws only when told to, and these tell it to. */
const drawsUnasked = ({ topP, topK, minP, seed }: Sampling, { architecture }: ModelCard): boolean =>
  architecture === 'encoder-decoder' && [topP, topK, minP, seed].some(value => value !== undefined);

function checkBeams(given: Given, request: Omit<GenerationRequest, 'prompt'>): void {
  const alternatives = typeof given.logprobs === 'number' ? 'logprobs' : 'top_logprobs';
  const names = { ...SAMPLING_NAMES, ...REQUEST_NAMES, logprobs: alternatives };
  const conflict = beamConflict({ ...request, logprobs: Number(given[alternatives] ?? 0) }, option => names[option]);
  if (conflict) throw badParameter(names[conflict.option], conflict.problem, conflict.remedy);
}

function checkIds(
  { logitBias = {} }: Sampling,
  { stopTokenIds = [] }: Pick<GenerationRequest, 'stopTokenIds'>,
  { vocabularySize = Infinity }: ModelCard,
): void {
  const refuse = (param: string, id: string | number | undefined): void => {
    if (id !== undefined) throw badParameter(param, `the model has no token ${id}`);
  };
  refuse(
    SAMPLING_NAMES.logitBias,
    Object.keys(logitBias).find(id => Number(id) >= vocabularySize),
  );
  refuse(
    REQUEST_NAMES.stopTokenIds,
    stopTokenIds.find(id => id >= vocabularySize),
  );
}

function constraintOf({ json, regex, choice, grammar }: NonNullable<Given['structured_outputs']>): ConstraintRequest {
  if (json !== undefined) return { kind: 'jsonSchema', schema: json };
  if (regex !== undefined) return { kind: 'regex', pattern: regex };
  if (grammar !== undefined) return { kind: 'grammar', grammar };
  return { kind: 'choice', choices: choice! };
}

/** @throws RequestError when more tokens must be written than may be */
export function checkLengths(minTokens: number | undefined, maxTokens: number | undefined): void {
  if ((minTokens ?? 0) > (maxTokens ?? Infinity)) {
    throw badParameter('min_tokens', `is more than the ${maxTokens} tokens that may be written`);
  }
}

/** @throws RequestError when there are options of a stream and none is asked for */
export function checkStreamOptions({ stream, stream_options }: { stream?: boolean; stream_options?: object }): void {
  if (stream_options !== undefined && !stream) throw badParameter('stream_options', 'goes with stream: true');
}
