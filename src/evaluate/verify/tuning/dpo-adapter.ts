/**
 * DPO of an adapter without a model beside it: a fresh adapter is measured against the base, one that goes on against a copy of itself. So
 * that policy and reference differ in what was recorded, fresh has the weights of the file already, and the other 1.3 times as much.
 */
import { z } from 'zod';
import { loadAdapter, storedParameters, withAdapter } from '../../../models/adapters/index.ts';
import { loadCompleteModel } from '../../../models/auto.ts';
import { dpo, type PairExample } from '../../../objectives/dpo.ts';
import type { Objective } from '../../../objectives/objective.ts';
import { parseOptions } from '../../../support/schema.ts';
import { inferenceMode, noGrad, scope, type Tensor } from '../../../torch/index.ts';
import { type Check, compareExactly, compareNumbers, tolerances } from '../compare.ts';
import { stepsSchema, verifyBatchTraining } from './batch-training.ts';
import type { TuningGolden } from './golden.ts';
import { dpoOptions, options, REWARDS, resultSchema, UNLIMITED, withReference } from './preference.ts';
import { recordedTokenizer } from './recorded-tokenizer.ts';
import { rowsFrom } from './sft.ts';

const caseSchema = z.looseObject({
  model: z.string(),
  dataset: z.array(z.record(z.string(), z.unknown())),
  adamw: stepsSchema,
  cases: z.array(z.looseObject({ name: z.string(), adapter_is: z.enum(['fresh', 'given']), options })),
});
/** How much further than the reference the policy of an adapter that goes on has come. */
const FURTHER = 1.3;
const METRICS = { ...REWARDS, 'logps/chosen': 'chosenLogProb' };

export function* verifyDpoAdapter(golden: TuningGolden): Generator<Check> {
  const given = parseOptions(caseSchema, golden.case, golden.path);
  const { cases } = parseOptions(resultSchema, golden.result, golden.path);
  const folder = golden.locate(given.model);
  const tokenizer = recordedTokenizer(folder);
  const rows = rowsFrom('preference', given.dataset, golden.path);
  for (const [i, own] of given.cases.entries()) {
    const check = { section: golden.kind, name: own.name };
    const result = cases[i];
    using model = loadCompleteModel(folder);
    using adapter = loadAdapter(model, golden.folder);
    const trained = storedParameters(adapter).filter(({ isTrained }) => isTrained);
    const names = trained.map(({ key }) => key).sort();
    yield { ...check, quantity: 'trainable', ...compareExactly(names, [...(result.trainable as string[])].sort()) };
    for (const parameter of model.parameters()) parameter.requiresGrad = false;

    const objective = dpo({ tokenizer, context: UNLIMITED }, dpoOptions(own.options)) as unknown as Objective<
      'preference',
      PairExample
    >;
    const data = { length: rows.length, row: (index: number) => rows[index], fingerprint: '' };
    const arranged = objective.arrange!(data as never, { skipBad: true });
    const examples = Array.from({ length: arranged.length }, (_, n) => arranged.row(n) as PairExample);

    const reference = own.adapter_is === 'fresh' ? undefined : adapter;
    const knowing = withAdapter(model, reference, () => withReference(objective, model, examples));
    if (reference) {
      noGrad(() => {
        for (const { parameter } of trained) parameter.mul_(FURTHER);
      });
    }
    for (const { parameter } of trained) parameter.requiresGrad = true;

    const batch = objective.batch(knowing, 'cpu');
    const pairs = scope(() =>
      withAdapter(model, adapter, () =>
        inferenceMode(() => objective.reference!.of(model, batch).unbind(1)).map(side => Array.from(side.toNumbers())),
      ),
    );
    for (const [side, name] of ['policy_chosen', 'policy_rejected'].entries()) {
      yield { ...check, quantity: name, ...compareNumbers(pairs[side], result.logps![name], tolerances.logProbs) };
    }
    for (const [side, name] of ['reference_chosen', 'reference_rejected'].entries()) {
      const known = knowing.map(one => (one.reference as readonly number[])[side]);
      yield { ...check, quantity: name, ...compareNumbers(known, result.logps![name], tolerances.logProbs) };
    }
    const means = scope(() => {
      const found = withAdapter(model, adapter, () => inferenceMode(() => objective.means(model, batch)));
      return Object.fromEntries(Object.entries(found).map(([term, value]) => [term, value.item()]));
    });
    for (const [theirs, ours] of Object.entries(METRICS)) {
      const recorded = [result.metrics[theirs]];
      yield { ...check, quantity: theirs, ...compareNumbers([means[ours]], recorded, tolerances.logProbs) };
    }
    const lossOf = (): Tensor =>
      withAdapter(model, adapter, () => {
        const found = objective.means(model, batch);
        const terms = Object.entries(objective.weights).filter(([term]) => found[term]);
        return terms.map(([term, weight]) => found[term].mul(weight)).reduce((a, b) => a.add(b));
      });
    const named = trained.map(({ key, parameter }) => [key, parameter] as const);
    yield* verifyBatchTraining(golden, { model, named }, lossOf, given.adamw, result, check);
  }
}
