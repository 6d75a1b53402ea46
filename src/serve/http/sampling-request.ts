/** Sampling parameters of a request's body as the engine takes them, once what contradicts itself is refused. */
import type { ConstraintRequest, GenerationRequest, ModelCard, Sampling } from '../../engine/protocol.ts';
import { badParameter } from './parameters.ts';
import type { SamplingParameters } from './schemas/sampling.ts';

/** `logprobs` is a number of alternatives in completions, and whether there are any in chats. */
type Given = Partial<SamplingParameters> & { best_of?: number; logprobs?: number | boolean; top_logprobs?: number };

/** What beam search, which draws nothing, cannot follow. */
const OF_SAMPLING = ['temperature', 'top_p', 'top_k', 'min_p', 'seed'] as const;

/** @throws RequestError that names the parameter */
export function samplingRequest(given: Given, card: ModelCard): Omit<GenerationRequest, 'prompt' | 'maxTokens'> {
  checkBeams(given);
  checkIds(given, card);
  const sampling: Sampling = {
    temperature: given.temperature ?? (drawsUnasked(given, card) ? 1 : undefined),
    topP: given.top_p,
    topK: given.top_k === undefined ? undefined : Math.max(0, given.top_k),
    minP: given.min_p,
    seed: given.seed === undefined ? undefined : seedOfDraws(given.seed),
    presencePenalty: given.presence_penalty,
    frequencyPenalty: given.frequency_penalty,
    repetitionPenalty: given.repetition_penalty,
    logitBias: given.logit_bias as Record<number, number> | undefined,
  };
  return {
    sampling,
    n: given.n,
    beams: given.num_beams === 1 ? undefined : given.num_beams,
    lengthPenalty: given.length_penalty,
    minTokens: given.min_tokens,
    stop: given.stop?.length ? given.stop : undefined,
    stopTokenIds: given.stop_token_ids,
    ignoreEos: given.ignore_eos,
    constraint: given.structured_outputs && constraintOf(given.structured_outputs),
  };
}

/** Those of draws count from 0, and the next ones must be numbers of their own: others get a place far up. */
const seedOfDraws = (seed: number): number =>
  seed >= 0 && seed < 2 ** 51 ? seed : 2 ** 51 + (Math.abs(seed) % 2 ** 51);

/** An encoder–decoder draws only when told to, and these tell it to. */
const drawsUnasked = ({ top_p, top_k, min_p, seed }: Given, { architecture }: ModelCard): boolean =>
  architecture === 'encoder-decoder' && [top_p, top_k, min_p, seed].some(value => value !== undefined);

function checkBeams(given: Given): void {
  const beams = given.num_beams ?? 1;
  if (beams === 1) {
    if (given.length_penalty !== undefined) throw badParameter('length_penalty', 'goes with num_beams above 1');
    return;
  }
  const drawn = OF_SAMPLING.find(key => given[key] !== undefined);
  if (drawn !== undefined) throw badParameter(drawn, 'beam search draws nothing', 'leave it out, or num_beams');
  if (given.best_of !== undefined) throw badParameter('best_of', 'beams are the best of their own');
  const alternatives = typeof given.logprobs === 'number' ? 'logprobs' : 'top_logprobs';
  if (Number(given[alternatives] ?? 0) > 0)
    throw badParameter(alternatives, 'beam search keeps no alternatives', 'give 0');
  if ((given.n ?? 1) > beams) throw badParameter('n', 'is more than num_beams', 'raise num_beams');
}

function checkIds({ logit_bias, stop_token_ids }: Given, { vocabularySize = Infinity }: ModelCard): void {
  const strange = Object.keys(logit_bias ?? {}).find(id => Number(id) >= vocabularySize);
  if (strange !== undefined) throw badParameter('logit_bias', `the model has no token ${strange}`);
  const stop = stop_token_ids?.find(id => id >= vocabularySize);
  if (stop !== undefined) throw badParameter('stop_token_ids', `the model has no token ${stop}`);
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
