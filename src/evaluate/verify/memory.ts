/** Recorded segments of a model with a memory (XLNet): each sees what the one before it left. */
import type { Model } from '../../models/model.ts';
import { inferenceMode, scope, type Tensor, tensor } from '../../torch/index.ts';
import { type Check, compareTensors, tolerances } from './compare.ts';
import { modelInputs } from './forward.ts';
import type { Golden } from './golden.ts';

export function* verifyMemory(model: Model, golden: Golden): Generator<Check> {
  const { memory } = golden;
  if (!memory) return;
  yield* scope(() =>
    inferenceMode(() => {
      const computed = new Map<string, Tensor>();
      let mems: Tensor[] | undefined;
      for (const [i, segment] of memory.segments.entries()) {
        const settings = modelInputs(golden, { inputs: {}, kwargs: memory.kwargs });
        const output = model.forward({ inputIds: tensor(segment, { dtype: 'int64' }), mems, ...settings });
        mems = output.mems;
        if (output.logits) computed.set(`logits_${i + 1}`, output.logits);
        for (const [layer, state] of (mems ?? []).entries()) computed.set(`mems_${i + 1}.${layer}`, state);
      }
      return Object.entries(memory.tensors).map(([quantity, name]): Check => {
        const result = compareTensors(computed.get(quantity), golden.recorded(name), tolerances.forward);
        return { section: 'memory', name: 'segments', quantity, ...result };
      });
    }),
  );
}
