/** Recorded cases of pretraining objectives: inputs, what was drawn, and what came of it. */
import { z } from 'zod';

const ids = z.array(z.int());
const flags = z.array(z.union([z.int(), z.boolean()]));
const matrix = z.array(ids);
const seq2seq = z.object({ input_ids: ids, labels: ids, decoder_input_ids: ids.optional() });
const framed = z.object({ input_ids: ids, token_type_ids: ids, attention_mask: ids });
const masked = z.object({ input_ids: ids, labels: ids });
const noise = { noise_density: z.number(), mean_span: z.number() };

export const objectivesSchema = z.object({
  format: z.literal(1),
  bert_mlm: z.object({
    cases: z.array(
      z.object({
        input_ids: ids,
        selected: ids,
        action: z.array(z.enum(['mask', 'random', 'keep'])),
        replacement: z.array(z.int().nullable()),
        mask_id: z.int(),
        expect: masked,
      }),
    ),
    statistics: z.object({
      expected: z.record(z.string(), z.number()),
      tolerance_for_at_least_100000_tokens: z.object({ selected: z.number(), of_selected: z.number() }),
    }),
  }),
  whole_word: z.object({
    input_ids: ids,
    words: matrix,
    chosen_words: ids,
    selected: ids,
    mask_all_expect: masked,
  }),
  ngram_masking: z.object({ probabilities: z.array(z.number()), tolerance_for_10000_spans: z.number() }),
  sentence_pairs: z.object({
    cases: z.array(
      z.object({ a: ids, b: ids, max_length: z.int(), cut_from_front: z.array(z.boolean()), expect: framed }),
    ),
  }),
  nsp: z.object({ share_of_random: z.number(), tolerance_for_5000_pairs: z.number() }),
  sop: z.object({
    share_of_swapped: z.number(),
    tolerance_for_5000_pairs: z.number(),
    case: z.object({ first: ids, second: ids, in_order: framed, swapped: framed }),
  }),
  t5_spans: z.object({
    vocab_size: z.int(),
    eos_id: z.int(),
    cases: z.array(
      z.object({
        input_ids: ids,
        ...noise,
        noise_mask: flags,
        noise_tokens: z.int(),
        spans: z.int(),
        expect: seq2seq,
      }),
    ),
    given_masks: z.array(z.object({ input_ids: ids, noise_mask: flags, expect: seq2seq })),
    lengths: z.array(z.object({ inputs_length: z.int(), ...noise, tokens_length: z.int(), targets_length: z.int() })),
    counts: z.array(z.object({ length: z.int(), ...noise, noise_tokens: z.int(), spans: z.int() })),
    position_frequency_100: z.object({ mean_per_decile: z.array(z.number()), tolerance: z.number() }),
  }),
  bart: z.object({
    bos_id: z.int(),
    eos_id: z.int(),
    decoder_start_id: z.int(),
    infilling: z.array(
      z.object({ tokens: ids, spans: z.array(z.tuple([z.int(), z.int()])), mask_id: z.int(), expect: seq2seq }),
    ),
    permutation: z.object({ sentences: matrix, order: ids, expect_input_ids: ids, labels: ids }),
    poisson: z.object({
      lambda: z.number(),
      probabilities_0_to_10: z.array(z.number()),
      tolerance_for_10000_spans: z.number(),
    }),
    masked_share: z.object({ target: z.number(), tolerance: z.number() }),
  }),
  xlnet_plm: z.object({
    cases: z.array(
      z.object({
        input_ids: ids,
        selected: ids,
        half_permutation: ids,
        special_or_padding: z.array(z.boolean()),
        mask_id: z.int(),
        expect: masked.extend({ perm_mask: matrix }),
      }),
    ),
    statistics: z.object({ masked_share: z.object({ expected_about: z.number(), tolerance: z.number() }) }),
  }),
  electra: z.object({
    mask_id: z.int(),
    cases: z.array(
      z.object({
        input_ids: ids,
        selected: ids,
        sampled: ids,
        expect: z.object({
          generator_input_ids: ids,
          generator_labels: ids,
          discriminator_input_ids: ids,
          discriminator_labels: ids,
        }),
        losses: z.record(z.string(), z.number()).optional(),
        discriminator_logits: z.array(z.number()).optional(),
      }),
    ),
    models: z.object({ generator: z.string(), discriminator: z.string() }).optional(),
  }),
  losses: z
    .object({
      cases: z.array(
        z.object({
          model: z.string(),
          objective: z.string(),
          inputs: z.looseObject({
            input_ids: matrix,
            labels: matrix,
            token_type_ids: matrix.optional(),
            attention_mask: matrix.optional(),
            perm_mask: z.array(matrix).optional(),
            next_sentence_label: ids.optional(),
            sentence_order_label: ids.optional(),
          }),
          loss: z.number(),
          parts: z.record(z.string(), z.number()).optional(),
        }),
      ),
    })
    .optional(),
});

export type RecordedObjectives = z.output<typeof objectivesSchema>;
