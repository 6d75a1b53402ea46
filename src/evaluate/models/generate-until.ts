/** Answers that end before given texts, many prompts at a time. */
import { resolveGenerationConfig } from '../../generate/config/generation-config.ts';
import { generationDefaults } from '../../generate/config/model-defaults.ts';
import { contextOf } from '../../generate/prompt/prompts.ts';
import { gatherTexts, streamTextAfter } from '../../generate/text.ts';
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { encodeContext } from './encode-pair.ts';
import type { GenerationRequest, RequestOptions } from './evaluated-model.ts';
import { batchesByLength, eachBatch } from './in-batches.ts';

const LIMITS = { rows: 64, tokens: 16384 };

/**
 * A decoder continues the end of a context that is too long for it and its answer; an encoder–decoder reads the end of one.
 *
 * @param folder of the model, for its generation_config.json
 * @throws UserError for an option of generation that does not exist or apply, or a model that does not write
 */
export async function generateUntil(
  model: Model,
  tokenizer: Tokenizer,
  folder: string,
  requests: readonly GenerationRequest[],
  options: RequestOptions = {},
): Promise<string[]> {
  const defaults = generationDefaults(folder, tokenizer);
  const results = new Array<string>(requests.length).fill('');
  for (const group of groupsOf(requests)) {
    const { until, maxNewTokens, options: given } = requests[group[0]];
    const config = resolveGenerationConfig(
      { ...generationOptions(given), maxNewTokens, stopStrings: [...until] },
      { defaults, where: 'generation_kwargs' },
    );
    const room = roomFor(model, maxNewTokens);
    const encode = (text: string): number[] =>
      model.backbone.kind === 'encoderDecoder' ? tokenizer.encode(text).ids : encodeContext(tokenizer, text);
    const prompts = group.map(request => encode(requests[request].context).slice(-room));
    const rows = Math.max(1, Math.floor(LIMITS.rows / config.numBeams));
    const batches = batchesByLength(
      prompts.map(({ length }) => length),
      { rows, tokens: LIMITS.tokens },
    );
    const work = (batch: readonly number[]): void => {
      const inputIds = batch.map(item => prompts[item]);
      const texts = batch.map(item => requests[group[item]].context);
      const pieces = streamTextAfter(model, tokenizer, { inputIds }, config);
      for (const [i, { text }] of gatherTexts(pieces, texts, config).entries()) {
        results[group[batch[i]]] = cutAt(text, until);
      }
    };
    await eachBatch(batches, work, options);
  }
  return results;
}

/** The text before the first of each stop string, in turn. */
export const cutAt = (text: string, until: readonly string[]): string =>
  until.reduce((kept, stop) => (stop === '' ? kept : kept.split(stop)[0]), text);

/** Requests that are generated alike. */
function groupsOf(requests: readonly GenerationRequest[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, { until, maxNewTokens, options }] of requests.entries()) {
    const key = JSON.stringify([until, maxNewTokens, options]);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()];
}

/** Most tokens of a prompt. */
function roomFor({ backbone }: Model, maxNewTokens: number): number {
  const context = contextOf(backbone.reader, {});
  if (backbone.kind === 'encoderDecoder') return context;
  if (maxNewTokens < context) return context - maxNewTokens;
  throw usageError(
    'TSLM_NO_ROOM',
    `answers of ${maxNewTokens} tokens leave no room for a prompt in a context of ${context}`,
    'give a smaller max_gen_toks: --gen-kwargs max_gen_toks=64',
  );
}

/** Of draws, where none is given: they are to come out the same again. */
const SEED = 1234;

/** `num_beams` → `numBeams`. What only draws need is left out where nothing is drawn, as lm-evaluation-harness does. */
function generationOptions(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const draws = given.do_sample === true;
  const options = Object.entries({ do_sample: false, ...(draws && { seed: SEED }), ...given });
  const used = options.filter(([key]) => draws || key !== 'temperature');
  return Object.fromEntries(used.map(([key, value]) => [camelCase(key), value]));
}

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
