/** Fine-tuning beside what Transformers recorded, and beside results that were tampered with. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/evaluate/verify/compare.ts';
import { isTuning } from '../../src/evaluate/verify/tuning/golden.ts';
import { verifyTuning } from '../../src/evaluate/verify/tuning/tuning.ts';
import { errorOf } from '../data/helpers.ts';
import { itShared } from '../helpers/shared.ts';
import { scratchFolder } from '../support/scratch.ts';

const committed = 'test/fixtures/tuning';

async function checksOf(folder: string): Promise<Check[]> {
  const checks: Check[] = [];
  for await (const check of verifyTuning(folder)) checks.push(check);
  return checks;
}

/** Fewest comparisons of each folder, so that none is passed over. */
const small = {
  accumulation: 10,
  'adapters/bert_classifier/lora': 30,
  'adapters/bert_classifier/prefix': 13,
  'adapters/bert_classifier/prompt': 13,
  collators: 45,
  'heads/classifier_layer_decay': 4,
  label_smoothing: 8,
  optimizer_groups: 2,
  'sft/assistant_only_truncated': 9,
  'sft/packing_bfd': 23,
  'sft/prompt_completion_dropped': 9,
  'preference/dpo_text': 18,
  'preference/kto_swapped': 16,
  'preference/grpo_advantages': 7,
};
const large = {
  accumulation: 56,
  'adapters/bert_classifier/ia3': 29,
  'adapters/bert_classifier/lora_bias_all': 67,
  'adapters/gpt2/dora': 33,
  'adapters/gpt2/ia3': 17,
  'adapters/gpt2/lora': 17,
  'adapters/gpt2/lora_all_linear': 57,
  'adapters/gpt2/prefix': 9,
  'adapters/llama/combined_mixed_rank': 30,
  'adapters/llama/combined_same_rank': 69,
  'adapters/llama/dora': 63,
  'adapters/llama/ia3': 28,
  'adapters/llama/lora': 33,
  'adapters/llama/lora_all_linear': 93,
  'adapters/llama/lora_alpha_below_rank': 33,
  'adapters/llama/lora_embeddings': 29,
  'adapters/llama/lora_layers': 25,
  'adapters/llama/lora_modules_to_save': 49,
  'adapters/llama/lora_patterns': 46,
  'adapters/llama/lora_regex': 33,
  'adapters/llama/lora_trainable_tokens': 35,
  'adapters/llama/prefix': 9,
  'adapters/llama/prompt': 9,
  'adapters/llama/rslora': 33,
  'adapters/qwen2/dora_all_linear': 93,
  'adapters/qwen2/loha': 41,
  'adapters/qwen2/lora_bias': 30,
  'adapters/t5/ia3': 41,
  'adapters/t5/lora': 57,
  'adapters/t5/prefix': 9,
  'adapters/t5/prompt': 9,
  'adapters/llama/adalora': 45,
  'heads/classifier': 6,
  'heads/classifier_label_smoothing': 6,
  'heads/qa': 7,
  'heads/tagger': 6,
  'heads/tagger_label_smoothing': 6,
  optimizer_groups: 14,
  'sft/assistant_only': 14,
  'sft/assistant_only_custom_template': 9,
  'sft/messages_chunked_nll': 15,
  'sft/messages_dft': 14,
  'sft/messages_full': 14,
  'sft/packing_bfd_completion': 16,
  'sft/packing_bfd_split': 23,
  'sft/packing_bfd_split_assistant_only': 23,
  'sft/packing_wrapped': 23,
  'sft/padding_free': 16,
  'sft/padding_free_completion': 9,
  'sft/prompt_completion': 14,
  'sft/prompt_completion_assistant_only': 9,
  'sft/prompt_completion_full': 9,
  'sft/prompt_completion_truncated': 9,
  'sft/text': 23,
  'sft/text_prompt_completion': 9,
  'sft/text_truncated_padded_to_multiple': 16,
  'sft/tools': 9,
  'sft/tools_full': 9,
  'preference/bco': 12,
  'preference/dpo': 366,
  'preference/dpo_adapter': 32,
  'preference/dpo_far_reference': 210,
  'preference/kto': 54,
  'preference/kto_all_desirable': 11,
  'preference/orpo_cpo': 129,
  'preference/reward': 49,
  'preference/distillation': 54,
  'preference/dpo_sorted': 63,
  'preference/grpo': 144,
  'preference/rloo': 12,
};

describe('recorded fine-tuning', () => {
  it('is named here, all of it', () => {
    const paths = globSync('**/golden.json', { cwd: committed });
    expect(paths.map(path => dirname(path)).sort()).toEqual(Object.keys(small).sort());
  });

  it.each(Object.entries(small))('%s agrees', async (name, count) => {
    const folder = join(committed, name);
    expect(isTuning(folder)).toBe(true);
    const checks = await checksOf(folder);
    expect(checks.filter(({ pass }) => !pass)).toEqual([]);
    expect(checks.length).toBe(count);
  });

  for (const [name, count] of Object.entries(large)) {
    itShared(`fixtures/tuning/${name}`, `${name}, whole, agrees`, async folder => {
      const checks = await checksOf(folder);
      expect(checks.filter(({ pass }) => !pass)).toEqual([]);
      expect(checks.length).toBe(count);
    });
  }

  const scratch = scratchFolder();

  // biome-ignore lint/suspicious/noExplicitAny: a recorded file of any shape
  const tampered = async (name: string, change: (golden: any) => void): Promise<string[]> => {
    cpSync(committed, scratch, { recursive: true });
    const path = join(scratch, name, 'golden.json');
    const golden = JSON.parse(readFileSync(path, 'utf8'));
    change(golden);
    writeFileSync(path, JSON.stringify(golden));
    const checks = await checksOf(join(scratch, name));
    return checks.filter(({ pass }) => !pass).map(({ name: of, quantity }) => `${of}: ${quantity}`);
  };

  it('differs where it was tampered with, and nowhere else', async () => {
    const decay = 'heads/classifier_layer_decay';
    expect(await tampered(decay, ({ result }) => (result.curve[20] += 0.01))).toEqual([
      'sequenceClassification: losses',
    ]);
    expect(await tampered(decay, golden => (golden.case.layer_decay = 0.9))).toContain(
      'sequenceClassification: logits',
    );
    expect(await tampered('collators', ({ result }) => (result.seq2seq[0].labels[0][1] = 7))).toEqual(['0: labels']);
    expect(await tampered('label_smoothing', golden => (golden.case.cases[1].epsilon = 0.1))).toEqual([
      'plain_3x4x6: loss',
      'plain_3x4x6: gradient',
    ]);
    const moved = await tampered('optimizer_groups', ({ result }) => {
      const { decay, no_decay: rest } = result['models/bert_classifier'];
      rest.push(decay.pop());
    });
    expect(moved).toEqual(['models/bert_classifier: decay', 'models/bert_classifier: no decay']);
  });

  it('of a kind that is not known says which are', async () => {
    const error = await errorOf(() => tampered('collators', golden => (golden.kind = 'unknown')));
    expect(error).toMatchObject({ code: 'TSLM_NO_GOLDEN', hint: expect.stringContaining('heads') });
  });
});
