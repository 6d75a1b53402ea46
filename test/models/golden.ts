/** Recorded results of Hugging Face for one checkpoint, and the tolerances that they were recorded with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradientTolerance, type Tolerance, tolerances } from '../../src/evaluate/verify/compare.ts';
import { loadSafetensors, type Tensor, tensor } from '../../src/torch/index.ts';
import { shared } from '../helpers/shared.ts';
import { expectClose } from '../torch/helpers.ts';

type Matrix = number[][];
type Names = Record<string, string>;

export interface Golden {
  forward: {
    name: string;
    inputs: { input_ids: Matrix; attention_mask?: Matrix; labels?: Matrix };
    loss?: number;
    tensors: Names;
  }[];
  grad?: {
    inputs: { input_ids: Matrix; attention_mask: Matrix; labels: Matrix };
    loss: number;
    global_norm: number;
    tensors: Names;
    params_without_grad: string[];
  };
  adamw?: {
    lr: number;
    betas: [number, number];
    eps: number;
    weight_decay: number;
    clip_grad_norm: number;
    steps: number;
    losses: number[];
    grad_norms: number[];
    tensors: Names;
    masks: Names;
  };
  generate?: {
    name: string;
    inputs: { input_ids: Matrix; attention_mask?: Matrix };
    config: Record<string, unknown>;
    uses_generation_config_json?: boolean;
    sequences: Matrix;
    tensors?: Names;
    chosen_logprobs?: Matrix;
  }[];
  text_generation?: {
    prompt: string;
    config: Record<string, unknown>;
    prompt_ids: number[];
    output_ids: number[];
    new_text: string;
  }[];
  perplexity?: { text: string; ids: number[]; mean_nll: number; perplexity: number }[];
}

/** The golden checkpoints of GPT-2: a small one that is always here, all of them where `../shared` is. */
export const goldenFolders = [
  'test/fixtures/hf/gpt2/lm',
  ...['fixtures/hf/gpt2/lm', 'fixtures/hf/gpt2/text'].map(shared).filter(folder => folder !== undefined),
];

export function openGolden(folder: string): { golden: Golden; recorded: (name: string) => Tensor } {
  const tensors = loadSafetensors(join(folder, 'golden.safetensors'));
  const recorded = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new Error(`golden.safetensors holds no ${name}`);
    return found;
  };
  return { golden: JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden, recorded };
}

export const int64 = (rows: Matrix): Tensor => tensor(rows, { dtype: 'int64' });

export { tolerances };

export function expectNumbers(actual: number[], expected: number[], options: Tolerance): void {
  const [a, b] = [actual, expected].map(values => tensor(values, { dtype: 'float64' }));
  expectClose(a, b, options);
}

export function expectGradient(actual: Tensor, expected: Tensor, name: string): void {
  expectClose(actual, expected, { ...gradientTolerance(expected.abs().amax().item()), name });
}
