"""Random configurations of BART and Marian, T5 and mT5."""

from inputs import ACTIVATIONS

GATES = ["relu", "gated-gelu", "gated-silu", "gelu", "gelu_new", "gated-relu", "gated-gelu_new", "silu"]


def draw_config(r, family):
    heads = r.choice([1, 2, 3, 4])
    head_dim = r.choice([2, 4, 6])
    vocab = r.randint(40, 90)
    pad, eos, start = r.choice([(0, 2, 2), (1, 2, 0), (vocab - 1, 0, vocab - 1), (0, 1, 0)])
    config = {
        "vocab_size": vocab,
        "pad_token_id": pad,
        "eos_token_id": eos,
        "bos_token_id": 3,
        "decoder_start_token_id": start,
        "attn_implementation": "eager",
    }
    if family in ("t5", "mt5"):
        return {**config, **draw_t5(r, heads, head_dim)}
    config.update(draw_bart(r, heads, heads * head_dim, eos))
    if family == "marian":
        config["share_encoder_decoder_embeddings"] = r.maybe(0.7)
        if not config["share_encoder_decoder_embeddings"] and r.maybe():
            config["decoder_vocab_size"] = r.randint(vocab, 100)
    return config


def draw_bart(r, heads, width, eos):
    return {
        "d_model": width,
        "encoder_attention_heads": heads,
        "decoder_attention_heads": r.choice([k for k in (1, 2, 3, 4, 6) if width % k == 0]),
        "encoder_layers": r.choice([1, 2]),
        "decoder_layers": r.choice([1, 2, 3]),
        "encoder_ffn_dim": r.choice([9, 20]),
        "decoder_ffn_dim": r.choice([11, 24]),
        "activation_function": r.choice(ACTIVATIONS),
        "max_position_embeddings": r.choice([24, 32]),
        "scale_embedding": r.maybe(),
        "forced_eos_token_id": r.choice([None, eos]),
        "tie_word_embeddings": r.maybe(0.7),
    }


def draw_t5(r, heads, head_dim):
    config = {
        "d_model": r.choice([heads * head_dim, 12, 10]),
        "d_kv": head_dim,
        "num_heads": heads,
        "d_ff": r.choice([9, 20]),
        "num_layers": r.choice([1, 2]),
        "num_decoder_layers": r.choice([None, 1, 3]),
        "relative_attention_num_buckets": r.choice([4, 8, 32, 6]),
        "relative_attention_max_distance": r.choice([8, 20, 128]),
        "layer_norm_epsilon": r.choice([1e-6, 1e-2]),
        "feed_forward_proj": r.choice(GATES),
        "tie_word_embeddings": r.maybe(0.7),
    }
    # Half of the buckets are for single distances, the others reach from there to the maximum.
    if config["relative_attention_num_buckets"] // 2 >= config["relative_attention_max_distance"]:
        config["relative_attention_max_distance"] = 128
    return config
