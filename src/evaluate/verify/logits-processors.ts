/** Recorded logits before and after a processor, or a whole configuration's processors in their order. */
import { z } from 'zod';
import { resolveGenerationConfig } from '../../generate/config/generation-config.ts';
import { fromGenerationConfigJson } from '../../generate/config/generation-config-json.ts';
import { logitsProcessorsFor } from '../../generate/config/logits-processors-for.ts';
import * as processors from '../../generate/logits-processors/index.ts';
import { messageOf } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { type Check, compareNumbers, type Tolerance } from './compare.ts';

const matrix = z.array(z.array(z.number()));
const logit = z.union([z.number(), z.enum(['-inf', 'inf', 'nan'])]);
const kwargs = z.record(z.string(), z.any());

const schema = z.object({
  tolerance: z.object({ rtol: z.number(), atol: z.number() }).default({ rtol: 1e-5, atol: 1e-5 }),
  logits: z.record(z.string(), z.array(z.array(logit))),
  cases: z
    .array(z.object({ name: z.string(), kwargs, logits: z.string(), input_ids: matrix, out: z.array(z.array(logit)) }))
    .default([]),
  chains: z
    .array(
      z.object({
        kwargs,
        prompt_length: z.int(),
        order: z.array(z.string()),
        logits: z.string().default('base'),
        input_ids: matrix,
        out: z.array(z.array(logit)),
      }),
    )
    .default([]),
});

type Arguments = z.output<typeof kwargs>;

const list = (ids: number | number[]): number[] => (Array.isArray(ids) ? ids : [ids]);
const kept = (k: Arguments) => ({ minTokensToKeep: k.min_tokens_to_keep as number | undefined });

/** What each recorded name is here, for one row of its batch. */
const makers: Record<string, (k: Arguments, row: number) => processors.LogitsProcessor> = {
  temperature: k => processors.temperature(k.temperature),
  top_k: k => processors.topK(k.top_k, kept(k)),
  top_p: k => processors.topP(k.top_p, kept(k)),
  min_p: k => processors.minP(k.min_p, kept(k)),
  typical_p: k => processors.typical(k.typical_p, kept(k)),
  epsilon_cutoff: k => processors.epsilonCutoff(k.epsilon_cutoff, kept(k)),
  eta_cutoff: k => processors.etaCutoff(k.eta_cutoff, kept(k)),
  repetition_penalty: k => processors.repetitionPenalty(k.repetition_penalty),
  encoder_repetition_penalty: (k, row) =>
    processors.encoderRepetitionPenalty(k.encoder_repetition_penalty, k.encoder_input_ids[row]),
  no_repeat_ngram: k => processors.noRepeatNgram(k.no_repeat_ngram_size),
  encoder_no_repeat_ngram: (k, row) =>
    processors.encoderNoRepeatNgram(k.encoder_no_repeat_ngram_size, k.encoder_input_ids[row]),
  min_new_tokens: k => processors.minNewTokens(k.min_new_tokens, list(k.eos_token_id), k.prompt_length),
  min_length: k => processors.minLength(k.min_length, list(k.eos_token_id)),
  bad_words: k => processors.badWords(k.bad_words_ids, list(k.eos_token_id)),
  sequence_bias: k => processors.sequenceBias(k.sequence_bias),
  forced_bos: k => processors.forcedBos(k.forced_bos_token_id),
  forced_eos: k => processors.forcedEos(list(k.forced_eos_token_id), k.max_length),
  suppress_tokens: k => processors.suppressTokens(k.suppress_tokens),
  suppress_tokens_at_begin: k => processors.beginSuppress(k.begin_suppress_tokens, k.begin_index),
  exponential_decay_length_penalty: k =>
    processors.exponentialDecayLength(k.exponential_decay_length_penalty, list(k.eos_token_id), k.input_ids_seq_length),
  renormalize: () => processors.renormalize(),
};

export function* verifyLogitsProcessors(json: unknown, path: string): Generator<Check> {
  const golden = parseOptions(schema, json, path);
  const before = (name: string, row: number): Float32Array =>
    Float32Array.from(golden.logits[name]?.[row] ?? [], numberOf);
  for (const entry of golden.cases) {
    const name = `${entry.name} ${JSON.stringify(entry.kwargs)}`;
    const results = (): Result =>
      compareRows(entry.input_ids, entry.out, golden.tolerance, row => {
        const make = makers[entry.name];
        if (!make) throw new Error(`there is no processor '${entry.name}'`);
        const logits = before(entry.logits, row);
        make(entry.kwargs, row)(entry.input_ids[row], logits);
        return logits;
      });
    yield { section: 'processor', name, quantity: 'logits', ...attempt(results) };
  }
  for (const entry of golden.chains) {
    const name = entry.order.join(' → ');
    const results = (): Result => {
      const { num_beams: beams = 1, ...settings } = entry.kwargs;
      const config = resolveGenerationConfig({}, { defaults: fromGenerationConfigJson(settings) });
      const minTokensToKeep = beams > 1 ? 1 + config.eosTokenId.length : 1;
      return compareRows(entry.input_ids, entry.out, golden.tolerance, row => {
        const logits = before(entry.logits, row);
        const chain = logitsProcessorsFor(config, { promptLength: entry.prompt_length, minTokensToKeep });
        if (chain.length !== entry.order.length) {
          throw new Error(`${chain.length} processors, recorded ${entry.order.length}`);
        }
        processors.processorChain(chain)(entry.input_ids[row], logits);
        return logits;
      });
    };
    yield { section: 'chain', name, quantity: 'logits', ...attempt(results) };
  }
}

type Logit = z.output<typeof logit>;
type Result = Omit<Check, 'section' | 'name' | 'quantity'>;

const numberOf = (value: Logit): number =>
  value === '-inf' ? Number.NEGATIVE_INFINITY : value === 'inf' ? Number.POSITIVE_INFINITY : Number(value);

/** Infinities must be equal, finite values near. */
function compareRows(
  inputIds: readonly (readonly number[])[],
  expected: readonly (readonly Logit[])[],
  tolerance: Tolerance,
  run: (row: number) => Float32Array,
): Result {
  const actual = inputIds.flatMap((_, row) => [...run(row)]);
  const wanted = expected.flat().map(numberOf);
  const place = wanted.findIndex((value, i) => !Number.isFinite(value) && !Object.is(value, actual[i]));
  if (place >= 0) return { pass: false, note: `value ${place} is ${actual[place]}, recorded ${wanted[place]}` };
  const finite = wanted.map((value, i) => (Number.isFinite(value) ? i : -1)).filter(i => i >= 0);
  return compareNumbers(
    finite.map(i => actual[i]),
    finite.map(i => wanted[i]),
    tolerance,
  );
}

function attempt(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    return { pass: false, note: messageOf(error) };
  }
}
