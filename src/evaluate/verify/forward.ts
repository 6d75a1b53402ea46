/** Recorded forward passes: logits, losses, hidden states, attention maps. */
import type { Model, ModelInputs, ModelOutput } from '../../models/model.ts';
import { inferenceMode, scope, type Tensor } from '../../torch/index.ts';
import { type Check, compareNumbers, compareTensors, tolerances } from './compare.ts';
import type { Golden } from './golden.ts';

type Recorded = Pick<Golden['forward'][number], 'inputs' | 'kwargs'>;

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A case's inputs under the names that models know. */
export function modelInputs(golden: Golden, { inputs, kwargs = {} }: Recorded): ModelInputs {
  const tensors = Object.entries(inputs).map(([key, value]) => [camelCase(key), golden.input(value)]);
  const settings = Object.entries(kwargs).map(([key, value]) => [camelCase(key), value]);
  return Object.fromEntries([...tensors, ...settings]) as ModelInputs;
}

export function* verifyForward(model: Model, golden: Golden): Generator<Check> {
  for (const entry of golden.forward) {
    const check = { section: 'forward', name: entry.name };
    yield* scope(() =>
      inferenceMode(() => {
        const inputs = modelInputs(golden, entry);
        const asked = Object.keys(entry.tensors);
        const output = model.forward({
          ...inputs,
          outputHiddenStates: asked.some(name => name.includes('hidden_states')),
          outputAttentions: asked.some(name => name.includes('attentions')),
        });
        const checks: Check[] = [];
        if (entry.loss !== undefined) {
          checks.push({
            ...check,
            quantity: 'loss',
            ...compareNumbers([output.loss?.item()], [entry.loss], tolerances.loss),
          });
        }
        for (const [quantity, name] of Object.entries(entry.tensors)) {
          const actual = outputNamed(output, quantity);
          const expected = withoutAddedPadding(golden.recorded(name), quantity, actual);
          const mask = entry.compare === undefined ? undefined : relevant(quantity, expected, inputs);
          checks.push({
            ...check,
            quantity,
            ...compareTensors(actual, expected, tolerances.forward, mask),
          });
        }
        return checks;
      }),
    );
  }
}

/** Hidden states are recorded with the padding that the reference adds to whole blocks (BigBird), where it does. */
function withoutAddedPadding(expected: Tensor, quantity: string, actual: Tensor | undefined): Tensor {
  const time = actual?.shape[1] ?? 0;
  const isPadded = quantity.startsWith('hidden_states.') && time > 0 && expected.size(1) > time;
  return isPadded ? expected.narrow(1, 0, time) : expected;
}

/** `hidden_states.2` → `output.hiddenStates[2]` */
function outputNamed(output: ModelOutput, quantity: string): Tensor | undefined {
  const [name, index] = quantity.split('.');
  const found = output[camelCase(name) as keyof ModelOutput];
  return Array.isArray(found) ? found[Number(index)] : found;
}

/** Places that count: those of tokens that are no padding, as a mask of the recorded tensor's shape. */
function relevant(quantity: string, { shape }: Tensor, inputs: ModelInputs): Tensor | undefined {
  const isEncoders = inputs.decoderInputIds === undefined || quantity.startsWith('encoder_');
  const mask = isEncoders ? inputs.attentionMask : (inputs.decoderAttentionMask ?? undefined);
  if (!mask) return undefined;
  const [batch, time] = mask.shape;
  const isMap = quantity.includes('attentions');
  const isSpan = quantity === 'start_logits' || quantity === 'end_logits';
  const axis = isMap ? 2 : 1;
  // What is one vector a sequence, like a pooled state, has no place for padding.
  if (shape.length < 3 && !isSpan) return undefined;
  if (shape[0] !== batch || shape[axis] !== time) return undefined;
  return mask.view(shape.map((_, i) => (i === 0 ? batch : i === axis ? time : 1))).expand(shape);
}
