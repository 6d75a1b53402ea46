/** Preferences: what is compared, by which options, and that models learn it. */
import { describe, expect, it } from 'vitest';
import type { Rows } from '../../src/data/rows/rows.ts';
import { cpo } from '../../src/objectives/cpo.ts';
import { type DpoOptions, dpo, fallingChosen } from '../../src/objectives/dpo.ts';
import { pairLossNames } from '../../src/objectives/dpo-losses.ts';
import { kto } from '../../src/objectives/kto.ts';
import type { AnyObjective } from '../../src/objectives/objective.ts';
import { orpo } from '../../src/objectives/orpo.ts';
import { reward } from '../../src/objectives/reward.ts';
import { scope } from '../../src/torch/index.ts';
import { errorOf } from '../data/helpers.ts';
import { batchOf, evaluate, expectToLearn, tinyModel, tokenizers } from './helpers.ts';

const tokenizer = tokenizers.byteLevel();
const context = { tokenizer, context: 32 };
const pairs: Rows['preference'][] = [
  { prompt: 'The river', chosen: ' rose in the night.', rejected: ' sat on the mat.' },
  { prompt: 'Dogs and', chosen: ' cats', rejected: ' the bridge was closed' },
];
const small = {
  n_positions: 32,
  n_embd: 16,
  n_layer: 1,
  n_head: 2,
  initializer_range: 0.2,
  resid_pdrop: 0,
  embd_pdrop: 0,
  attn_pdrop: 0,
};
const model = () => tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize, small);
const data = <Row>(rows: readonly Row[]) => ({ length: rows.length, row: (i: number) => rows[i], fingerprint: '' });

describe('DPO', () => {
  it('begins where the model is its reference: at ln 2, with no rewards', () => {
    const objective = dpo(context);
    const found = evaluate(objective, model(), batchOf(objective, pairs));
    expect(found.preference).toBeCloseTo(Math.LN2, 6);
    expect([found.chosenReward, found.rejectedReward, found.margin, found.accuracy]).toEqual([0, 0, 0, 0]);
    expect(found.chosenLogProb).toBeLessThan(0);
  });

  it('takes the reference that examples know', () => {
    const objective = dpo(context, { beta: 0.5 });
    const one = model();
    const batch = batchOf(objective, pairs);
    const own = scope(() =>
      objective
        .reference!.of(one, batch)
        .unbind()
        .map(row => Array.from(row.toNumbers())),
    );
    const moved = own.map(([chosen, rejected]) => [chosen - 2, rejected + 1]);
    const examples = pairs.map((row, i) =>
      objective.reference!.with(objective.example(row, undefined as never), moved[i]),
    );
    const found = evaluate(objective, one, objective.batch(examples, 'cpu'));
    expect(found.margin).toBeCloseTo(1.5, 4);
    expect(found.chosenChange).toBeCloseTo(2, 4);
    expect(found.preference).toBeCloseTo(Math.log(1 + Math.exp(-1.5)), 4);
    expect(found.accuracy).toBe(1);
  });

  it.each([...pairLossNames, 'sft'] as const)('%s goes down', loss => {
    const fixed = model();
    const objective = dpo(context, { loss, ...(loss === 'robust' && { labelSmoothing: 0.1 }) });
    const known = scope(() =>
      objective
        .reference!.of(fixed, batchOf(objective, pairs))
        .unbind()
        .map(row => Array.from(row.toNumbers())),
    );
    const knowing: AnyObjective = {
      ...objective,
      example: (row: Rows['preference']) =>
        objective.reference!.with(objective.example(row, undefined as never), known[pairs.indexOf(row)]),
    };
    const before = evaluate(knowing, fixed, batchOf(knowing, pairs as never)).loss;
    // Some fall below zero, or to another floor.
    const factor = before > 0 && !['apo_down', 'apo_zero', 'ipo', 'discopop', 'robust'].includes(loss) ? 0.9 : 0.999;
    expectToLearn(knowing, fixed, pairs as never, { steps: 20, lr: 0.005, factor });
  });

  it('refuses options that its losses do not read', async () => {
    const code = async (options: DpoOptions) => (await errorOf(() => dpo(context, options)))?.code;
    expect(await code({ labelSmoothing: 0.1 })).toBe('TSLM_CONTRADICTION');
    expect(await code({ loss: 'exo_pair', labelSmoothing: 0 })).toBe('TSLM_BAD_VALUE');
    expect(dpo(context, { loss: 'exo_pair' }).name).toBe('dpo');
  });

  it('names rows whose prompt leaves no room', async () => {
    const long = { ...pairs[0], prompt: 'The river '.repeat(20) };
    const error = await errorOf(() => dpo(context).arrange!(data([pairs[0], long])));
    expect(error).toMatchObject({
      code: 'TSLM_NO_TARGET',
      message: expect.stringMatching(/^row 2: its prompt has \d+ tokens/),
    });
  });

  it('warns when the chosen answers become less likely', () => {
    const at = (change: number) =>
      fallingChosen({ chosenLogProb: { value: -50 + change }, chosenChange: { value: change } });
    expect(at(-5)).toBeUndefined();
    expect(at(3)).toBeUndefined();
    expect(at(-20)).toContain('objective.loss={sigmoid: 1, sft: 1}');
    expect(fallingChosen({})).toBeUndefined();
  });
});

describe('without a reference', () => {
  it('ORPO, CPO and SimPO learn', () => {
    expectToLearn(orpo(context), model(), pairs, { factor: 0.8, steps: 20 });
    expectToLearn(cpo(context), model(), pairs, { factor: 0.8, steps: 20 });
    const simpo = cpo(context, { loss: 'simpo', beta: 2, gamma: 0.5, likelihood: 0 });
    expect(simpo.weights).toEqual({ preference: 1 });
    expectToLearn(simpo, model(), pairs, { factor: 0.8, steps: 20 });
  });

  it('refuse what a loss does not read', async () => {
    expect((await errorOf(() => cpo(context, { gamma: 1 })))?.message).toBe(
      "'objective.gamma' is not read by this loss",
    );
    expect((await errorOf(() => cpo(context, { loss: 'hinge', labelSmoothing: 0.1 })))?.code).toBe(
      'TSLM_CONTRADICTION',
    );
  });
});

describe('answers that are good or not', () => {
  const rows: Rows['feedback'][] = [
    { prompt: 'The river', completion: ' rose in the night.', label: true },
    { prompt: 'Dogs and', completion: ' closed', label: false },
  ];

  it('are compared with those of other rows', () => {
    const { row } = kto(context).arrange!(data(rows));
    const decode = (ids: Uint32Array) => tokenizer.decode(ids, { skipSpecialTokens: true });
    expect(decode(row(0).mismatched!.ids)).toBe('The river closed');
    expect(decode(row(1).mismatched!.ids)).toBe('Dogs and rose in the night.');
  });

  it('are learnt; BCO remembers the mean of its rewards', () => {
    for (const loss of ['kto', 'apo_zero_unpaired', 'bco'] as const) {
      const objective = kto(context, { loss });
      const fixed = model();
      const known = scope(() =>
        objective
          .reference!.of(fixed, batchOf(objective, rows))
          .unbind()
          .map(row => Array.from(row.toNumbers())),
      );
      const knowing: AnyObjective = {
        ...objective,
        example: (row: Rows['feedback']) =>
          objective.reference!.with(objective.example(row, undefined as never), known[rows.indexOf(row)]),
      };
      expectToLearn(knowing, fixed, rows as never, { steps: 20, lr: 0.005, factor: 0.9 });
      expect(objective.state!().count).toBe(loss === 'bco' ? 40 : 0);
    }
    const objective = kto(context, { loss: 'bco' });
    objective.restore!({ mean: 0.5, count: 8 });
    expect(objective.state!()).toEqual({ mean: 0.5, count: 8 });
  });
});

describe('a reward model', () => {
  it('learns which answer is better', () => {
    const one = tinyModel('gpt2', 'GPT2ForSequenceClassification', tokenizer.vocabSize, {
      ...small,
      num_labels: 1,
      pad_token_id: tokenizer.padTokenId,
    });
    expectToLearn(reward({ ...context, model: one }, { centre: 0.01 }), one, pairs, { factor: 0.5 });
  });

  it('is a model of one number', async () => {
    const two = tinyModel('gpt2', 'GPT2ForSequenceClassification', tokenizer.vocabSize, { ...small, num_labels: 2 });
    expect(await errorOf(() => reward({ ...context, model: two }))).toMatchObject({
      hint: expect.stringContaining('model.labels=[reward]'),
    });
  });
});
