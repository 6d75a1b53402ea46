/**
 * Batches as Transformers' data collators make them. Left out is what has no counterpart here: lengths padded to a multiple
 * or on the left, other labels for padding, and whole words by offsets, which count punctuation to the word before it.
 */
import { z } from 'zod';
import { IGNORE_INDEX } from '../../../models/losses.ts';
import { attentionMaskOf, padRows } from '../../../objectives/batches.ts';
import { causal } from '../../../objectives/causal.ts';
import { drawMask, type MaskingOptions, maskVocabulary } from '../../../objectives/masking.ts';
import { applyPermutation, drawTargets } from '../../../objectives/permutation.ts';
import { textToTextBatch } from '../../../objectives/text-to-text.ts';
import { tokenClassification } from '../../../objectives/token-classification.ts';
import { createRandom } from '../../../support/random.ts';
import { parseOptions } from '../../../support/schema.ts';
import { Tokenizer } from '../../../tokenizers/tokenizer.ts';
import { scope, type Tensor } from '../../../torch/index.ts';
import { type Check, compareExactly, compareNumbers } from '../compare.ts';
import type { TuningGolden } from './golden.ts';

const ids = z.array(z.int());
const matrix = z.array(ids);
const options = z.record(z.string(), z.unknown());
const batches = z.array(
  z.looseObject({
    options,
    padding_side: z.string().default('right'),
    features: z.array(z.looseObject({ input_ids: ids, labels: ids.optional() })),
  }),
);
const plan = { input_ids: matrix, randint: matrix, randperm: matrix };

const caseSchema = z.looseObject({
  tokenizer: z.string(),
  token_classification: batches,
  seq2seq: batches,
  with_padding: batches,
  causal_lm: batches,
  flattening: batches,
  mlm_texts: z.array(z.string()),
  mlm: z.array(z.looseObject({ options, repeats: z.int() })),
  permutation: z.array(
    z.looseObject({ options: z.object({ plm_probability: z.number(), max_span_length: z.int() }), ...plan }),
  ),
});
const expected = z.array(
  z.looseObject({
    input_ids: matrix,
    attention_mask: matrix.optional(),
    labels: matrix.optional(),
    decoder_input_ids: matrix.optional(),
    position_ids: matrix.optional(),
    perm_mask: z.array(matrix).optional(),
  }),
);
const resultSchema = z.looseObject({
  token_classification: expected,
  seq2seq: expected,
  with_padding: expected,
  causal_lm: expected,
  flattening: expected,
  permutation: expected,
  mlm: z.array(z.looseObject({ candidates: z.int() })),
});

type Cases = z.output<typeof caseSchema>;
type Feature = Cases['seq2seq'][number]['features'][number];
type Expected = z.output<typeof expected>[number];
type Padded = 'token_classification' | 'seq2seq' | 'with_padding' | 'causal_lm' | 'flattening';

/** Options of collators that change nothing of what is compared. */
const HARMLESS = ['return_flash_attn_kwargs', 'return_seq_idx', 'return_position_ids'];

const rowsOf = (tensor: Tensor | undefined): number[][] | undefined =>
  tensor?.unbind().map(row => Array.from(row.toNumbers()));

export function* verifyCollators(golden: TuningGolden): Generator<Check> {
  const given = parseOptions(caseSchema, golden.case, golden.path);
  const results = parseOptions(resultSchema, golden.result, golden.path);
  const tokenizer = Tokenizer.fromFile(golden.locate(given.tokenizer));
  for (const name of Object.keys(padded) as Padded[]) {
    for (const [i, { options: asked, padding_side: side, features }] of given[name].entries()) {
      if (side !== 'right' || Object.keys(asked).some(key => !HARMLESS.includes(key))) continue;
      const pairs = scope(() => padded[name](features, results[name][i], tokenizer));
      for (const [quantity, [actual, wanted]] of Object.entries(pairs)) {
        if (wanted === undefined) continue;
        yield { section: name, name: `${i}`, quantity, ...compareExactly(actual, wanted) };
      }
    }
  }
  yield* permutations(given, results.permutation, tokenizer);
  yield* masks(given, results.mlm, tokenizer);
}

type Pairs = Record<string, [actual: unknown, expected: unknown]>;

const padded: Record<Padded, (features: readonly Feature[], wanted: Expected, tokenizer: Tokenizer) => Pairs> = {
  with_padding: (features, wanted, { padTokenId }) => inputs(features, wanted, padTokenId),

  token_classification(features, wanted, tokenizer) {
    const objective = tokenClassification({ tokenizer, context: 64 });
    const examples = features.map(row => ({
      ids: row.input_ids,
      types: row.input_ids.map(() => 0),
      labels: row.labels!,
    }));
    const { inputIds, attentionMask, targets } = objective.batch(examples, 'cpu');
    const labels = rowsOf(inputIds)!.map(row => row.map(() => IGNORE_INDEX));
    const places = targets.places.toNumbers();
    for (const [i, label] of targets.labels.toNumbers().entries()) {
      labels[Math.floor(places[i] / inputIds.size(1))][places[i] % inputIds.size(1)] = label;
    }
    return {
      'input ids': [rowsOf(inputIds), wanted.input_ids],
      'attention mask': [rowsOf(attentionMask), wanted.attention_mask],
      labels: [labels, wanted.labels],
    };
  },

  seq2seq(features, wanted, tokenizer) {
    const examples = features.map(row => ({ inputIds: row.input_ids, labels: row.labels! }));
    const { inputIds, attentionMask, labels } = textToTextBatch(examples, tokenizer, 'cpu');
    const shifted = rowsOf(labels)!.map(row => [0, ...row.slice(0, -1).map(label => Math.max(0, label))]);
    return {
      'input ids': [rowsOf(inputIds), wanted.input_ids],
      'attention mask': [rowsOf(attentionMask), wanted.attention_mask],
      labels: [rowsOf(labels), wanted.labels],
      'decoder input ids': [shifted, wanted.decoder_input_ids],
    };
  },

  causal_lm(features, wanted) {
    const examples = features.map(row => ({ ids: Uint32Array.from(row.input_ids), starts: [], ends: [] }));
    const { targets } = causal({ context: 64 }).batch(examples, 'cpu');
    return { targets: [rowsOf(targets), wanted.labels?.map(row => row.slice(1))] };
  },

  /** Documents of one window: no token is predicted from another document's, and positions count from the start of each. */
  flattening(features, wanted) {
    const objective = causal({ context: 64, packing: 'documents' });
    const starts = features.map((_, i) => features.slice(0, i).reduce((sum, row) => sum + row.input_ids.length, 0));
    const ids = Uint32Array.from(features.flatMap(one => one.input_ids));
    const example = objective.example({ ids, starts }, createRandom(1));
    const labels = features.flatMap(one => one.labels ?? one.input_ids);
    const unlabelled = [...labels.keys()].filter(t => labels[t + 1] === IGNORE_INDEX && !example.ends.includes(t));
    const ends = [...example.ends, ...unlabelled];
    const { inputIds, targets, documentStarts } = objective.batch([{ ...example, ends }], 'cpu');
    const positions = rowsOf(documentStarts)!.map(of => of.map((start, t) => t - start));
    return {
      'input ids': [rowsOf(inputIds), wanted.input_ids.map(of => of.slice(0, -1))],
      targets: [rowsOf(targets), wanted.labels?.map(of => of.slice(1))],
      positions: [positions, wanted.position_ids?.map(of => of.slice(0, -1))],
    };
  },
};

function inputs(features: readonly Feature[], wanted: Expected, pad = 0): Pairs {
  const rows = features.map(({ input_ids }) => input_ids);
  return {
    'input ids': [rowsOf(padRows(rows, pad, 'cpu')), wanted.input_ids],
    'attention mask': [rowsOf(attentionMaskOf(rows, 'cpu')), wanted.attention_mask],
  };
}

/** Spans and orders as they were drawn. */
function* permutations({ permutation }: Cases, results: readonly Expected[], tokenizer: Tokenizer): Generator<Check> {
  for (const [i, { options: asked, input_ids: rows, randint, randperm }] of permutation.entries()) {
    const { plm_probability: probability, max_span_length: maxSpan } = asked;
    for (const [r, row] of rows.entries()) {
      let draws = 0;
      // Lengths of spans count from 1, and their places from 0.
      const below = (): number => randint[r][draws] - (draws++ % 2 === 0 ? 1 : 0);
      const chosen = drawTargets(row.length, { probability, maxSpan }, { below });
      const isSpecial = (position: number): boolean => tokenizer.specialTokens.has(row[position]);
      const made = applyPermutation(row, chosen, randperm[r], { isSpecial, maskId: tokenizer.maskTokenId });
      const wanted = results[i];
      const pairs: Pairs = {
        'input ids': [Array.from(made.inputIds), wanted.input_ids[r]],
        labels: [Array.from(made.labels), wanted.labels?.[r]],
        'perm mask': [Array.from(made.permMask), wanted.perm_mask?.[r].flat()],
      };
      for (const [quantity, [actual, recorded]] of Object.entries(pairs)) {
        yield { section: 'permutation', name: `${i}, row ${r}`, quantity, ...compareExactly(actual, recorded) };
      }
    }
  }
}

/** What is chosen, and what becomes of it, within five standard deviations. */
function* masks(
  { mlm_texts: texts, mlm }: Cases,
  recorded: readonly { candidates: number }[],
  tokenizer: Tokenizer,
): Generator<Check> {
  const rows = texts.map(text => tokenizer.encode(text).ids);
  for (const [i, { options: asked, repeats }] of mlm.entries()) {
    if (asked.whole_word_mask === true) continue;
    const probability = Number(asked.mlm_probability ?? 0.15);
    const maskShare = Number(asked.mask_replace_prob ?? 0.8);
    const randomShare = Number(asked.random_replace_prob ?? 0.1);
    const given: MaskingOptions = { probability, maskShare, randomShare };
    const vocabulary = maskVocabulary(tokenizer);
    const random = createRandom(i);
    const counts = { candidates: 0, selected: 0, mask: 0, random: 0, keep: 0 };
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const row of rows) {
        counts.candidates += row.filter(id => !vocabulary.isSpecial(id)).length;
        for (const { action } of drawMask(row, given, vocabulary, random)) {
          counts.selected++;
          counts[action]++;
        }
      }
    }
    const { candidates } = recorded[i] ?? {};
    yield { section: 'mlm', name: `${i}`, quantity: 'candidates', ...compareExactly(counts.candidates, candidates) };
    const shares: Record<string, [count: number, of: number, share: number]> = {
      selected: [counts.selected, counts.candidates, probability],
      masked: [counts.mask, counts.selected, maskShare],
      random: [counts.random, counts.selected, randomShare],
      kept: [counts.keep, counts.selected, 1 - maskShare - randomShare],
    };
    for (const [quantity, [count, of, share]] of Object.entries(shares)) {
      const atol = Math.max(1e-9, 5 * Math.sqrt(Math.max(0, share * (1 - share)) / of));
      yield { section: 'mlm', name: `${i}`, quantity, ...compareNumbers([count / of], [share], { atol, rtol: 0 }) };
    }
  }
}
