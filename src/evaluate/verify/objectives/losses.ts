/** The losses of recorded models: batch and means as in training, without dropout. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadCompleteModel } from '../../../models/auto.ts';
import type { MaskedLMHead } from '../../../models/heads/masked-lm.ts';
import { IGNORE_INDEX } from '../../../models/losses.ts';
import type { Model } from '../../../models/model.ts';
import { statesAt } from '../../../objectives/batches.ts';
import { applyMask } from '../../../objectives/masking.ts';
import type { AnyObjective, Means } from '../../../objectives/objective.ts';
import { permutation } from '../../../objectives/permutation.ts';
import { replacedTokens } from '../../../objectives/replaced-tokens.ts';
import { sentenceOrder } from '../../../objectives/sentence-pair.ts';
import { textToTextBatch, textToTextMeans } from '../../../objectives/text-to-text.ts';
import { UserError } from '../../../support/errors.ts';
import { inferenceMode, scope } from '../../../torch/index.ts';
import { type Check, compareNumbers, tolerances } from '../compare.ts';
import type { RecordedObjectives } from './schema.ts';
import { tokenizerOf } from './vocabulary.ts';

type LossCase = NonNullable<RecordedObjectives['losses']>['cases'][number];

/** A model that a file speaks of: from the working directory, or from where the file is. */
function locate(model: string, path: string): string {
  const found = [model, join(dirname(path), model), join(dirname(path), '..', model)].find(existsSync);
  if (found !== undefined) return found;
  throw new UserError('TSLM_NO_MODEL', `${path}: there is no model at ${model}`);
}

const valuesOf = (means: Means): Record<string, number> =>
  Object.fromEntries(Object.entries(means).map(([term, mean]) => [term, mean.item()]));

/** The weighted sum, as a step has it where there is one batch. */
const lossOf = ({ weights }: AnyObjective, values: Record<string, number>): number =>
  Object.entries(weights).reduce((sum, [term, weight]) => sum + weight * values[term], 0);

export function* verifyLosses(recorded: RecordedObjectives, path: string): Generator<Check> {
  for (const [i, entry] of (recorded.losses?.cases ?? []).entries()) {
    const name = `${i}, ${entry.objective}`;
    using model = loadCompleteModel(locate(entry.model, path));
    const { loss, parts } = scope(() => inferenceMode(() => computed(model, entry)));
    yield { section: 'loss', name, quantity: 'loss', ...compareNumbers([loss], [entry.loss], tolerances.loss) };
    if (entry.parts) {
      const { mlm, pair } = entry.parts;
      const [words, label] = [parts.words, parts.pair];
      yield { section: 'loss', name, quantity: 'words', ...compareNumbers([words], [mlm], tolerances.loss) };
      yield { section: 'loss', name, quantity: 'pair', ...compareNumbers([label], [pair], tolerances.loss) };
    }
  }
  if (recorded.electra.models) yield* replacements(recorded, path);
}

/** Padding is taken off first, so that batches are made as in training. */
function computed(model: Model, { objective, inputs }: LossCase): { loss: number; parts: Record<string, number> } {
  const { input_ids, labels, attention_mask, token_type_ids } = inputs;
  const isReal = (row: number, i: number): boolean => attention_mask === undefined || attention_mask[row][i] === 1;
  const cut = (rows: readonly number[][]) => rows.map((row, r) => row.filter((_, i) => isReal(r, i)));
  const pad = Number(model.config.pad_token_id ?? 0);
  const vocabSize = Number(model.config.vocab_size);
  if (objective.startsWith('mlm')) {
    const tokenizer = tokenizerOf(vocabSize, { pad, cls: 2, sep: 3, mask: 4 });
    const order = sentenceOrder({ tokenizer, context: 32 });
    const pairLabels = inputs.next_sentence_label ?? inputs.sentence_order_label!;
    const [types, words] = [cut(token_type_ids!), cut(labels)];
    const examples = cut(input_ids).map((ids, row) => ({
      inputIds: Uint32Array.from(ids),
      labels: Int32Array.from(words[row]),
      types: types[row],
      label: pairLabels[row] as 0 | 1,
    }));
    const parts = valuesOf(order.means(model, order.batch(examples, 'cpu')));
    return { loss: lossOf(order, parts), parts };
  }
  if (objective === 'permutation') {
    const tokenizer = tokenizerOf(vocabSize, { pad, cls: 3, sep: 4, mask: 6 });
    const order = permutation({ tokenizer, context: 32 });
    const examples = input_ids.map((ids, row) => ({
      inputIds: Uint32Array.from(ids),
      labels: Int32Array.from(labels[row]),
      permMask: Uint8Array.from(inputs.perm_mask![row].flat()),
      memory: new Uint32Array(),
    }));
    const parts = valuesOf(order.means(model, order.batch(examples, 'cpu')));
    return { loss: lossOf(order, parts), parts };
  }
  const examples = cut(input_ids).map((inputIds, row) => ({
    inputIds,
    labels: labels[row].filter(label => label !== IGNORE_INDEX),
  }));
  const parts = valuesOf(textToTextMeans(model, textToTextBatch(examples, { padTokenId: pad }, 'cpu')));
  return { loss: parts.words, parts };
}

function* replacements({ electra }: RecordedObjectives, path: string): Generator<Check> {
  using generator = loadCompleteModel(locate(electra.models!.generator, path));
  using model = loadCompleteModel(locate(electra.models!.discriminator, path));
  const vocabSize = Number(model.config.vocab_size);
  const tokenizer = tokenizerOf(vocabSize, { pad: 0, cls: 2, sep: 3, mask: electra.mask_id });
  const objective = replacedTokens({ tokenizer, context: 32, model }, { generator });
  for (const [i, { input_ids, selected, sampled, losses, discriminator_logits: logits }] of electra.cases.entries()) {
    if (!losses) continue;
    const places = selected.map(position => ({ position, action: 'mask' }) as const);
    const masked = applyMask(input_ids, places, electra.mask_id);
    const values = scope(() =>
      inferenceMode(() => {
        const ids = Uint32Array.from(input_ids);
        const batch = (uniform: Float32Array) => objective.batch([{ ids, ...masked, uniform }], 'cpu');
        const before = batch(new Float32Array(selected.length));
        // Numbers that make the generator draw what was recorded.
        const states = generator.backbone.forward(before).lastHiddenState;
        const shares = (generator.head as MaskedLMHead).scores(statesAt(states, before.targets)).softmax(-1);
        const sums = shares.cumsum(-1).toNumbers();
        const uniform = Float32Array.from(sampled, (id, row) => {
          const at = row * vocabSize + id;
          return ((id === 0 ? 0 : sums[at - 1]) + sums[at]) / 2;
        });
        return valuesOf(objective.means(model, batch(uniform)));
      }),
    );
    const found = {
      generator: values.words,
      discriminator: values.replaced,
      total_lambda_50: lossOf(objective, values),
    };
    for (const [quantity, value] of Object.entries(found)) {
      const compared = compareNumbers([value], [losses[quantity]], tolerances.loss);
      yield { section: 'replaced tokens', name: `${i}`, quantity, ...compared };
    }
    if (!logits) continue;
    const given = Uint32Array.from(electra.cases[i].expect.discriminator_input_ids);
    const scores = scope(() =>
      inferenceMode(() => {
        const { ids } = objective.batch([{ ids: given, ...masked, uniform: new Float32Array(selected.length) }], 'cpu');
        return Array.from(model.forward({ inputIds: ids }).logits!.toNumbers());
      }),
    );
    const compared = compareNumbers(scores, logits, tolerances.forward);
    yield { section: 'replaced tokens', name: `${i}`, quantity: 'discriminator logits', ...compared };
  }
}
