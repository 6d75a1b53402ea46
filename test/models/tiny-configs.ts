/** For each family a config.json of a network so small that every test of it takes a moment; odd sizes where they fit. */
const common = { vocab_size: 37, pad_token_id: 0, bos_token_id: 1, eos_token_id: 2 };

const llamaLike = {
  ...common,
  hidden_size: 24,
  intermediate_size: 36,
  num_hidden_layers: 2,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  max_position_embeddings: 32,
};

const bertLike = {
  ...common,
  hidden_size: 24,
  intermediate_size: 36,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  max_position_embeddings: 40,
};

const bartLike = {
  ...common,
  d_model: 24,
  encoder_layers: 2,
  decoder_layers: 1,
  encoder_attention_heads: 3,
  decoder_attention_heads: 6,
  encoder_ffn_dim: 36,
  decoder_ffn_dim: 30,
  max_position_embeddings: 32,
  decoder_start_token_id: 2,
};

const t5 = { ...common, d_model: 24, d_kv: 5, d_ff: 36, num_layers: 2, num_decoder_layers: 1, num_heads: 3 };
const gpt2 = { ...common, n_embd: 24, n_layer: 2, n_head: 3, n_positions: 32 };
const vit = {
  hidden_size: 24,
  intermediate_size: 36,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  image_size: 12,
  patch_size: 4,
};

export const tinyConfigs: Record<string, Record<string, unknown>> = {
  albert: { ...bertLike, embedding_size: 10, num_hidden_groups: 1 },
  bart: bartLike,
  bert: bertLike,
  big_bird: { ...bertLike, block_size: 2, num_random_blocks: 1 },
  bloom: { ...common, hidden_size: 24, n_layer: 2, n_head: 6 },
  camembert: { ...bertLike, type_vocab_size: 1 },
  distilbert: { ...common, dim: 24, hidden_dim: 36, n_layers: 2, n_heads: 3, max_position_embeddings: 32 },
  electra: { ...bertLike, embedding_size: 10 },
  'encoder-decoder': {
    encoder: { model_type: 'bert', ...bertLike, hidden_size: 18 },
    decoder: { model_type: 'roberta', ...bertLike, add_cross_attention: true, is_decoder: true },
    decoder_start_token_id: 1,
    pad_token_id: 0,
  },
  gemma2: { ...llamaLike, head_dim: 6, query_pre_attn_scalar: 6, sliding_window: 5 },
  gemma3_text: { ...llamaLike, head_dim: 6, query_pre_attn_scalar: 6, sliding_window: 5, sliding_window_pattern: 2 },
  gpt2,
  llama: llamaLike,
  longformer: { ...bertLike, attention_window: [4, 6], type_vocab_size: 1, sep_token_id: 2 },
  marian: { ...bartLike, decoder_start_token_id: 0, scale_embedding: true },
  mistral: { ...llamaLike, sliding_window: 5 },
  modernbert: {
    ...bertLike,
    num_hidden_layers: 3,
    local_attention: 4,
    global_attn_every_n_layers: 2,
    cls_token_id: 1,
    sep_token_id: 2,
  },
  mt5: { ...t5, decoder_start_token_id: 0 },
  phi3: llamaLike,
  qwen2: llamaLike,
  qwen3: { ...llamaLike, head_dim: 10 },
  roberta: { ...bertLike, type_vocab_size: 1 },
  t5: { ...t5, decoder_start_token_id: 0 },
  'vision-encoder-decoder': {
    encoder: { model_type: 'vit', ...vit },
    decoder: { model_type: 'gpt2', ...gpt2, add_cross_attention: true, is_decoder: true },
    decoder_start_token_id: 1,
    pad_token_id: 0,
  },
  vit,
  'xlm-roberta': { ...bertLike, type_vocab_size: 1 },
  xlnet: { ...common, d_model: 24, n_layer: 2, n_head: 3, d_head: 7, d_inner: 36 },
};
