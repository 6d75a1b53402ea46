import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type GenerationOptions, resolveGenerationConfig } from '../../src/generate/generation-config.ts';
import { fromGenerationConfigJson } from '../../src/generate/generation-config-json.ts';
import * as processors from '../../src/generate/logits-processors/index.ts';
import { logitsProcessorsFor } from '../../src/generate/logits-processors-for.ts';

type Logit = number | '-inf';
type Case = {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each processor has its own arguments
  kwargs: Record<string, any>;
  logits: string;
  input_ids: number[][];
  out: Logit[][];
  note?: string;
};
type Chain = {
  kwargs: Record<string, unknown>;
  prompt_length: number;
  order: string[];
  input_ids: number[][];
  out: Logit[][];
};
type Fixture = { logits: Record<string, number[][]>; cases: Case[]; chains: Chain[] };

/** What each of the fixture's names is here, for one row of its batch. */
const MAKE: Record<string, (kwargs: Case['kwargs'], row: number) => processors.LogitsProcessor> = {
  temperature: k => processors.temperature(k.temperature),
  top_k: k => processors.topK(k.top_k, { minTokensToKeep: k.min_tokens_to_keep }),
  top_p: k => processors.topP(k.top_p, { minTokensToKeep: k.min_tokens_to_keep }),
  min_p: k => processors.minP(k.min_p, { minTokensToKeep: k.min_tokens_to_keep }),
  typical_p: k => processors.typical(k.typical_p, { minTokensToKeep: k.min_tokens_to_keep }),
  epsilon_cutoff: k => processors.epsilonCutoff(k.epsilon_cutoff, { minTokensToKeep: k.min_tokens_to_keep }),
  eta_cutoff: k => processors.etaCutoff(k.eta_cutoff, { minTokensToKeep: k.min_tokens_to_keep }),
  repetition_penalty: k => processors.repetitionPenalty(k.repetition_penalty),
  encoder_repetition_penalty: (k, row) =>
    processors.encoderRepetitionPenalty(k.encoder_repetition_penalty, k.encoder_input_ids[row]),
  no_repeat_ngram: k => processors.noRepeatNgram(k.no_repeat_ngram_size),
  encoder_no_repeat_ngram: (k, row) =>
    processors.encoderNoRepeatNgram(k.encoder_no_repeat_ngram_size, k.encoder_input_ids[row]),
  min_new_tokens: k => processors.minNewTokens(k.min_new_tokens, k.eos_token_id, k.prompt_length),
  min_length: k => processors.minLength(k.min_length, [k.eos_token_id]),
  bad_words: k => processors.badWords(k.bad_words_ids, [k.eos_token_id]),
  sequence_bias: k => processors.sequenceBias(k.sequence_bias),
  forced_bos: k => processors.forcedBos(k.forced_bos_token_id),
  forced_eos: k => processors.forcedEos([k.forced_eos_token_id], k.max_length),
  suppress_tokens: k => processors.suppressTokens(k.suppress_tokens),
  suppress_tokens_at_begin: k => processors.beginSuppress(k.begin_suppress_tokens, k.begin_index),
  exponential_decay_length_penalty: k =>
    processors.exponentialDecayLength(k.exponential_decay_length_penalty, [k.eos_token_id], k.input_ids_seq_length),
  renormalize: () => processors.renormalize(),
};

const number = (x: Logit): number => (x === '-inf' ? Number.NEGATIVE_INFINITY : x);

/** Equal infinities, and finite values within the fixture's tolerance. */
function expectRow(actual: Float32Array, expected: Logit[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.map(number).entries()) {
    const close =
      actual[i] === value || (Number.isFinite(value) && Math.abs(actual[i] - value) <= 1e-5 + 1e-5 * Math.abs(value));
    if (!close) expect.fail(`token ${i}: ${actual[i]} instead of ${value}`);
  }
}

function compareWith(path: string): void {
  const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture;
  it.each(fixture.cases.map((c, i) => [`${i} ${c.name} ${JSON.stringify(c.kwargs)}`, c] as const))('%s', (_, c) => {
    for (const [row, ids] of c.input_ids.entries()) {
      const logits = Float32Array.from(fixture.logits[c.logits][row]);
      MAKE[c.name](c.kwargs, row)(ids, logits);
      expectRow(logits, c.out[row]);
    }
  });
  it.each(fixture.chains.map(c => [c.order.join(' → '), c] as const))('chain: %s', (_, c) => {
    const { num_beams: beams = 1, ...json } = c.kwargs as { num_beams?: number };
    const config = resolveGenerationConfig({}, { defaults: fromGenerationConfigJson(json) });
    const minTokensToKeep = beams > 1 ? 1 + config.eosTokenId.length : 1;
    for (const [row, ids] of c.input_ids.entries()) {
      const logits = Float32Array.from(fixture.logits.base[row]);
      const chain = logitsProcessorsFor(config, { promptLength: c.prompt_length, minTokensToKeep });
      expect(chain).toHaveLength(c.order.length);
      processors.processorChain(chain)(ids, logits);
      expectRow(logits, c.out[row]);
    }
  });
}

describe('agrees with Hugging Face', () => compareWith('test/fixtures/generate/logits_processors.json'));

const shared = '../shared/fixtures/logits_processors.json';
describe.skipIf(!existsSync(shared))('agrees with Hugging Face on every recorded case', () => {
  if (existsSync(shared)) compareWith(shared);
});

const row = (...values: number[]): Float32Array => Float32Array.from(values);

describe('processors that the fixture does not have', () => {
  it('presence and frequency penalties count generated tokens only', () => {
    const logits = row(1, 2, 3, 4);
    processors.presencePenalty(0.5, { promptLength: 2 })([3, 3, 1, 1, 2], logits);
    expect([...logits]).toEqual([1, 1.5, 2.5, 4]);
    processors.frequencyPenalty(0.5, { promptLength: 2 })([3, 3, 1, 1, 2], logits);
    expect([...logits]).toEqual([1, 0.5, 2, 4]);
  });

  it('prefixAllowed keeps only what is allowed, and asks for at least one token', () => {
    const logits = row(1, 2, 3, 4);
    processors.prefixAllowed(ids => [ids[0], 3])([1], logits);
    expect([...logits]).toEqual([-Infinity, 2, -Infinity, 4]);
    expect(() => processors.prefixAllowed(() => [])([1], logits)).toThrow(/no token is allowed/);
  });

  it('infNanRemove makes every logit finite', () => {
    const logits = row(Number.NaN, Infinity, -Infinity, 1);
    processors.infNanRemove()([], logits);
    expect([...logits]).toEqual([0, 3.4028234663852886e38, -3.4028234663852886e38, 1]);
  });

  it('exponentialDecayLength leaves a forbidden end forbidden', () => {
    const logits = row(1, -Infinity);
    processors.exponentialDecayLength([0, 1.5], [1], 0)([0, 0], logits);
    expect([...logits]).toEqual([1, -Infinity]);
  });

  it('topP cuts through tokens that are equal at the edge', () => {
    const logits = row(0, 1, 0, 0, 0);
    const options: GenerationOptions = { doSample: true, topK: 0, topP: 0.7 };
    // e / (e + 4) = 0.40, then 0.15 for each zero: two of them reach 0.7.
    processors.processorChain(logitsProcessorsFor(resolveGenerationConfig(options), { promptLength: 0 }))([], logits);
    expect([...logits]).toEqual([-Infinity, 1, -Infinity, 0, 0]);
  });
});
