/** Recorded results of a model: `golden.json` holds inputs and small results, `golden.safetensors` the tensors it names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import { openSafetensors, type Tensor, tensor } from '../../torch/index.ts';

const names = z.record(z.string(), z.string());
const matrix = z.array(z.array(z.number()));
const inputs = z.record(
  z.string(),
  z.union([z.object({ tensor: z.string() }), z.array(z.unknown())]) as z.ZodType<RecordedInput>,
);
const config = z.record(z.string(), z.unknown());

/** Nested lists of numbers, or the name of a stored tensor. */
export type RecordedInput = { tensor: string } | NestedList;
type NestedList = (number | NestedList)[];

const goldenSchema = z.object({
  format: z.literal(1),
  forward: z
    .array(
      z.object({
        name: z.string(),
        inputs,
        kwargs: z.record(z.string(), z.unknown()).optional(),
        compare: z.string().optional(),
        loss: z.number().optional(),
        tensors: names,
      }),
    )
    .default([]),
  grad: z
    .object({
      inputs,
      kwargs: z.record(z.string(), z.unknown()).optional(),
      loss: z.number(),
      global_norm: z.number(),
      tensors: names,
      params_without_grad: z.array(z.string()).default([]),
    })
    .optional(),
  adamw: z
    .object({
      lr: z.number(),
      betas: z.tuple([z.number(), z.number()]),
      eps: z.number(),
      weight_decay: z.number(),
      clip_grad_norm: z.number(),
      steps: z.int().positive(),
      losses: z.array(z.number()),
      grad_norms: z.array(z.number()),
      tensors: names,
      masks: names.default({}),
    })
    .optional(),
  generate: z
    .array(
      z.object({
        name: z.string(),
        inputs,
        config,
        uses_generation_config_json: z.boolean().optional(),
        sequences: matrix,
        sequences_scores: z.array(z.number()).optional(),
        tensors: names.optional(),
        chosen_logprobs: matrix.optional(),
      }),
    )
    .default([]),
  memory: z
    .object({
      segments: z.array(matrix),
      kwargs: z.record(z.string(), z.unknown()).optional(),
      tensors: names,
    })
    .optional(),
  text_generation: z
    .array(
      z.object({
        messages: z.array(z.record(z.string(), z.unknown())).optional(),
        prompt: z.string(),
        config,
        prompt_ids: z.array(z.int()),
        output_ids: z.array(z.int()),
        text: z.string().optional(),
        new_text: z.string().optional(),
      }),
    )
    .default([]),
  perplexity: z
    .array(z.object({ text: z.string(), ids: z.array(z.int()), mean_nll: z.number(), perplexity: z.number() }))
    .default([]),
  fill_mask: z
    .array(
      z.object({
        text: z.string(),
        ids: z.array(z.int()),
        slots: z.array(
          z.object({
            position: z.int(),
            top5: z.array(z.object({ id: z.int(), token: z.string(), score: z.number() })),
          }),
        ),
      }),
    )
    .default([]),
});

export interface Golden extends z.output<typeof goldenSchema> {
  /** @throws UserError when golden.safetensors has no such tensor */
  recorded: (name: string) => Tensor;
  /** An input as the model takes it: whole numbers become int64, others float32. */
  input: (value: RecordedInput) => Tensor;
}

/** @throws UserError when the folder has no recorded results, or they are malformed */
export function openGolden(folder: string): Golden {
  const path = join(folder, 'golden.json');
  if (!existsSync(path)) {
    throw new UserError('TSLM_NO_GOLDEN', `${folder}: there is no golden.json`, {
      hint: 'give a folder with a model and its recorded results',
    });
  }
  const parsed = parseOptions(goldenSchema, readJson(path), path);
  const tensorsPath = join(folder, 'golden.safetensors');
  const file = existsSync(tensorsPath) ? openSafetensors(tensorsPath) : undefined;
  const recorded = (name: string): Tensor => {
    if (file?.entries.has(name)) return file.tensor(name);
    throw new UserError('TSLM_NO_TENSOR', `${tensorsPath}: there is no '${name}', which golden.json speaks of`);
  };
  const input = (value: RecordedInput): Tensor =>
    Array.isArray(value)
      ? tensor(value, { dtype: (value.flat(10) as number[]).every(Number.isInteger) ? 'int64' : 'float32' })
      : recorded(value.tensor);
  return { ...parsed, recorded, input };
}
