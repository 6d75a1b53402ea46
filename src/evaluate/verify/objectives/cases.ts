/** Plans that were recorded, applied: every id must be the same. */

import { applyMask, type MaskedPlace } from '../../../objectives/masking.ts';
import { applyNoiseMask, noiseCounts, randomSpansHelper } from '../../../objectives/noise-mask.ts';
import { framePair, truncatePair } from '../../../objectives/pairs.ts';
import { applyPermutation } from '../../../objectives/permutation.ts';
import { applyReplacement } from '../../../objectives/replaced-tokens.ts';
import { applySpans } from '../../../objectives/text-noise.ts';
import { type Check, compareExactly } from '../compare.ts';
import type { RecordedObjectives } from './schema.ts';
import { tokenizerOf } from './vocabulary.ts';

/** The comparisons of one case, quantity by quantity. */
export function* exactly(section: string, name: string, pairs: Record<string, [actual: unknown, expected: unknown]>) {
  for (const [quantity, [actual, expected]] of Object.entries(pairs)) {
    yield { section, name, quantity, ...compareExactly(plain(actual), plain(expected)) } satisfies Check;
  }
}

/** Typed arrays as lists, true as 1. */
const plain = (value: unknown): unknown =>
  ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : typeof value === 'boolean' ? Number(value) : value;

/** Labels shifted right behind the start token, as the decoder reads them. */
const shifted = (labels: ArrayLike<number>, start: number): number[] => [start, ...Array.from(labels).slice(0, -1)];

export function* verifyCases(recorded: RecordedObjectives): Generator<Check> {
  yield* masks(recorded);
  yield* pairs(recorded);
  yield* spans(recorded);
  yield* noise(recorded);
  yield* permutations(recorded);
  yield* replacements(recorded);
}

function* masks({ bert_mlm, whole_word }: RecordedObjectives): Generator<Check> {
  for (const [i, entry] of bert_mlm.cases.entries()) {
    const places = entry.selected.map((position, j): MaskedPlace => {
      const action = entry.action[j];
      return action === 'random' ? { position, action, token: entry.replacement[j]! } : { position, action };
    });
    const { inputIds, labels } = applyMask(entry.input_ids, places, entry.mask_id);
    yield* exactly('masked', `${i}`, {
      'input ids': [inputIds, entry.expect.input_ids],
      labels: [labels, entry.expect.labels],
    });
  }
  const { words, chosen_words, selected, input_ids, mask_all_expect: all } = whole_word;
  const positions = chosen_words.flatMap(word => words[word]);
  const mask = all.input_ids[positions[0]];
  const { inputIds, labels } = applyMask(
    input_ids,
    positions.map(position => ({ position, action: 'mask' })),
    mask,
  );
  yield* exactly('whole words', '', {
    positions: [positions, selected],
    'input ids': [inputIds, all.input_ids],
    labels: [labels, all.labels],
  });
}

function* pairs({ sentence_pairs, sop }: RecordedObjectives): Generator<Check> {
  const frame = tokenizerOf(200, { pad: 0, cls: 2, sep: 3 }).specialTokensAroundPair();
  const pad = (row: readonly number[], length: number) => [...row, ...new Array(length - row.length).fill(0)];
  const framed = (a: number[], b: number[], length: number) => {
    const { ids, types } = framePair(a, b, frame);
    return [
      pad(ids, length),
      pad(types, length),
      pad(
        ids.map(() => 1),
        length,
      ),
    ];
  };
  const compare = (name: string, [ids, types, mask]: number[][], expect: typeof sop.case.in_order) =>
    exactly('sentence pair', name, {
      'input ids': [ids, expect.input_ids],
      'token types': [types, expect.token_type_ids],
      'attention mask': [mask, expect.attention_mask],
    });
  for (const [i, { a, b, max_length: length, cut_from_front: cuts, expect }] of sentence_pairs.cases.entries()) {
    let used = 0;
    const cut = truncatePair(a, b, length - 3, () => cuts[used++ % cuts.length]);
    yield* compare(`${i}`, framed(...cut, length), expect);
  }
  const { first, second, in_order: inOrder, swapped } = sop.case;
  const length = inOrder.input_ids.length;
  yield* compare('in order', framed(first, second, length), inOrder);
  yield* compare('swapped', framed(second, first, length), swapped);
}

function* spans({ t5_spans: t5 }: RecordedObjectives): Generator<Check> {
  const sentinels = Array.from({ length: 100 }, (_, k) => t5.vocab_size - 1 - k);
  const special = { sentinels, eos: t5.eos_id };
  for (const [i, entry] of [...t5.cases, ...t5.given_masks].entries()) {
    const { expect } = entry;
    const { inputIds, labels } = applyNoiseMask(entry.input_ids, entry.noise_mask.map(Number), special);
    yield* exactly('span corruption', `${i}`, {
      'input ids': [inputIds, expect.input_ids],
      labels: [labels, expect.labels],
      ...(expect.decoder_input_ids && { 'decoder input ids': [shifted(labels, 0), expect.decoder_input_ids] }),
    });
  }
  const drawn = t5.cases.map(({ input_ids: { length }, ...entry }) => ({ length, ...entry }));
  for (const { inputs_length: inputs, noise_density: density, mean_span: mean, ...expect } of t5.lengths) {
    yield* exactly('span lengths', `${inputs}, ${density}, ${mean}`, {
      lengths: [
        randomSpansHelper(inputs, density, mean),
        { tokensLength: expect.tokens_length, targetsLength: expect.targets_length },
      ],
    });
  }
  for (const { length, noise_density: density, mean_span: mean, noise_tokens: noiseTokens, spans } of [
    ...drawn,
    ...t5.counts,
  ]) {
    yield* exactly('span counts', `${length}, ${density}, ${mean}`, {
      counts: [noiseCounts(length, density, mean), { noiseTokens, spans }],
    });
  }
}

function* noise({ bart }: RecordedObjectives): Generator<Check> {
  const around = (tokens: readonly number[]) => [bart.bos_id, ...tokens, bart.eos_id];
  for (const [i, { tokens, spans, mask_id: mask, expect }] of bart.infilling.entries()) {
    const labels = around(tokens);
    yield* exactly('infilling', `${i}`, {
      'input ids': [around(applySpans(tokens, spans, mask)), expect.input_ids],
      labels: [labels, expect.labels],
      'decoder input ids': [shifted(labels, bart.decoder_start_id), expect.decoder_input_ids],
    });
  }
  const { sentences, order, expect_input_ids, labels } = bart.permutation;
  yield* exactly('sentence permutation', '', {
    'input ids': [around(order.flatMap(i => sentences[i])), expect_input_ids],
    labels: [around(sentences.flat()), labels],
  });
}

function* permutations({ xlnet_plm }: RecordedObjectives): Generator<Check> {
  for (const [i, entry] of xlnet_plm.cases.entries()) {
    const { input_ids: ids, selected, half_permutation: half, special_or_padding: special, expect } = entry;
    const chosen = ids.map((_, position) => Number(selected.includes(position)));
    const isSpecial = (position: number): boolean => special[position];
    const { inputIds, labels, permMask } = applyPermutation(ids, chosen, half, { isSpecial, maskId: entry.mask_id });
    yield* exactly('permutation', `${i}`, {
      'input ids': [inputIds, expect.input_ids],
      labels: [labels, expect.labels],
      'perm mask': [permMask, expect.perm_mask.flat()],
    });
  }
}

function* replacements({ electra }: RecordedObjectives): Generator<Check> {
  for (const [i, { input_ids: ids, selected, sampled, expect }] of electra.cases.entries()) {
    const generator = applyMask(
      ids,
      selected.map(position => ({ position, action: 'mask' })),
      electra.mask_id,
    );
    const discriminator = applyReplacement(ids, selected, sampled);
    yield* exactly('replaced tokens', `${i}`, {
      'generator input ids': [generator.inputIds, expect.generator_input_ids],
      'generator labels': [generator.labels, expect.generator_labels],
      'discriminator input ids': [discriminator.inputIds, expect.discriminator_input_ids],
      'discriminator labels': [discriminator.labels, expect.discriminator_labels],
    });
  }
}
