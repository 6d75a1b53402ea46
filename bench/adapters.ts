/**
 * Adapters for Python: small models with an adapter of every method that PEFT has, and what they compute here.
 * `bench/peers/open_adapters.py` opens them with PEFT and compares.
 *
 *   npm run bench && node build/bench/bench/adapters.js /tmp/adapters && python bench/peers/open_adapters.py /tmp/adapters
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createAdapter, saveAdapter, withAdapter } from '../src/models/adapters/index.ts';
import { createFromConfig, saveModel } from '../src/models/auto.ts';
import type { ModelInputs } from '../src/models/model.ts';
import { inferenceMode, manualSeed, noGrad, randint, saveSafetensors, scope } from '../src/torch/index.ts';

const VOCABULARY = 96;
const decoder = {
  vocab_size: VOCABULARY,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  tie_word_embeddings: false,
  initializer_range: 0.2,
};

const models: Record<string, Record<string, unknown>> = {
  llama: { ...decoder, model_type: 'llama', architectures: ['LlamaForCausalLM'] },
  qwen2: { ...decoder, model_type: 'qwen2', architectures: ['Qwen2ForCausalLM'], tie_word_embeddings: true },
  gpt2: {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: VOCABULARY,
    n_embd: 32,
    n_layer: 2,
    n_head: 4,
    n_positions: 64,
    initializer_range: 0.2,
  },
  bert: {
    model_type: 'bert',
    architectures: ['BertForSequenceClassification'],
    vocab_size: VOCABULARY,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    max_position_embeddings: 64,
    id2label: { 0: 'a', 1: 'b', 2: 'c' },
    label2id: { a: 0, b: 1, c: 2 },
    initializer_range: 0.2,
  },
  t5: {
    model_type: 't5',
    architectures: ['T5ForConditionalGeneration'],
    vocab_size: VOCABULARY,
    d_model: 32,
    d_kv: 8,
    d_ff: 56,
    num_layers: 2,
    num_heads: 4,
    decoder_start_token_id: 0,
    pad_token_id: 0,
    eos_token_id: 1,
  },
};

const attention: Record<string, string[]> = {
  llama: ['q_proj', 'v_proj'],
  qwen2: ['q_proj', 'v_proj'],
  gpt2: ['c_attn'],
  bert: ['query', 'value'],
  t5: ['q', 'v'],
};

const variants: Record<string, (model: string) => Record<string, unknown>> = {
  lora: model => ({ peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: attention[model] }),
  lora_all_linear: () => ({
    peft_type: 'LORA',
    r: 3,
    use_rslora: true,
    target_modules: 'all-linear',
    bias: 'lora_only',
  }),
  lora_patterns: model => ({
    peft_type: 'LORA',
    target_modules: attention[model],
    rank_pattern: { [attention[model][0]]: 2 },
    alpha_pattern: { [attention[model][0]]: 5 },
    bias: 'all',
  }),
  lora_bias: model => ({ peft_type: 'LORA', r: 4, target_modules: attention[model], lora_bias: true }),
  dora: model => ({ peft_type: 'LORA', r: 4, target_modules: attention[model], use_dora: true }),
  pissa: model => ({ peft_type: 'LORA', r: 4, target_modules: attention[model], init_lora_weights: 'pissa' }),
  olora: model => ({ peft_type: 'LORA', r: 4, target_modules: attention[model], init_lora_weights: 'olora' }),
  trainable_tokens: model => ({
    peft_type: 'LORA',
    r: 4,
    target_modules: attention[model],
    trainable_token_indices: [3, 70, 9],
  }),
  ia3: () => ({ peft_type: 'IA3' }),
  vera: model => ({ peft_type: 'VERA', r: 16, target_modules: attention[model], projection_prng_key: 11 }),
  vera_drawn: model => ({
    peft_type: 'VERA',
    r: 16,
    target_modules: attention[model],
    projection_prng_key: 11,
    save_projection: false,
  }),
  loha: model => ({ peft_type: 'LOHA', r: 3, alpha: 6, target_modules: attention[model] }),
  prompt: () => ({ peft_type: 'PROMPT_TUNING', num_virtual_tokens: 5 }),
  prefix: () => ({ peft_type: 'PREFIX_TUNING', num_virtual_tokens: 4 }),
};

const [out = '/tmp/adapters'] = process.argv.slice(2);
for (const [name, config] of Object.entries(models)) {
  const base = join(out, name, 'base');
  mkdirSync(base, { recursive: true });
  using model = createFromConfig(config, { seed: 5 });
  model.eval();
  saveModel(base, model);
  for (const [variant, configOf] of Object.entries(variants)) {
    // PEFT's LoHa has no layers that are stored transposed.
    if (name === 'gpt2' && variant === 'loha') continue;
    scope(() => {
      manualSeed(7);
      using adapter = createAdapter(model, { ...configOf(name), base_model_name_or_path: base }, { seed: 9 });
      noGrad(() => {
        for (const parameter of adapter.parameters()) parameter.add_(parameter.mul(0).normal_({ std: 0.15 }));
      });
      const folder = join(out, name, variant);
      mkdirSync(folder, { recursive: true });
      saveAdapter(folder, adapter);
      const inputIds = randint(2, VOCABULARY, [3, 9], { dtype: 'int64' });
      const inputs: ModelInputs = name === 't5' ? { inputIds, decoderInputIds: inputIds } : { inputIds };
      const { logits } = withAdapter(model, adapter, () =>
        inferenceMode(() => model.forward({ ...inputs, keepPrompt: true })),
      );
      saveSafetensors(
        join(folder, 'here.safetensors'),
        new Map([
          ['input_ids', inputIds],
          ['logits', logits!.contiguous()],
        ]),
      );
    });
  }
}
process.stdout.write(`${out}\n`);
