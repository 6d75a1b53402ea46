/** How checkpoints of T5 hold its stacks. */

import { scope } from '../../../torch/index.ts';
import type { Checkpoint } from '../../checkpoint/files.ts';
import type { KeyRule } from '../../family.ts';

/** Where a checkpoint holds an output layer and it is not the table of word vectors, it counts, whatever config.json says. */
export function holdsOutputLayer(checkpoint: Checkpoint | undefined): boolean {
  const named = (pattern: RegExp) => checkpoint?.keys.find(key => pattern.test(key));
  const [output, table] = [named(/^lm_head\.weight$/), named(/^(shared|(en|de)coder\.embed_tokens)\.weight$/)];
  if (!checkpoint || output === undefined || table === undefined) return false;
  return scope(() => !checkpoint.tensor(output).equal(checkpoint.tensor(table)));
}

export function stackKeys(
  path: string,
  key: string,
  { gated, isDecoder }: { gated: boolean; isDecoder: boolean },
): KeyRule[] {
  const layer = `${path}.layers.*`;
  const parts = (name: string, place: string): KeyRule[] => [
    ...['query', 'key', 'value', 'output'].map(
      (matrix): KeyRule => [`${layer}.${name}.${matrix}.`, `${key}.block.*.layer.${place}.${matrix[0]}.`],
    ),
    [`${layer}.${name}Norm.`, `${key}.block.*.layer.${place[0]}.layer_norm.`],
  ];
  const last = `${key}.block.*.layer.${isDecoder ? 2 : 1}`;
  return [
    [`${path}.relativeBias.table.`, `${key}.block.0.layer.0.SelfAttention.relative_attention_bias.`],
    ...parts('attention', '0.SelfAttention'),
    ...(isDecoder ? parts('crossAttention', '1.EncDecAttention') : []),
    [`${layer}.feedForward.gate.`, `${last}.DenseReluDense.wi_0.`],
    [`${layer}.feedForward.input.`, `${last}.DenseReluDense.${gated ? 'wi_1' : 'wi'}.`],
    [`${layer}.feedForward.output.`, `${last}.DenseReluDense.wo.`],
    [`${layer}.feedForwardNorm.`, `${last}.layer_norm.`],
    [`${path}.norm.`, `${key}.final_layer_norm.`],
  ];
}
