"""Random configurations of decoders: GPT-2 and BLOOM have keys of their own, the others share most of Llama's."""

from dataclasses import dataclass

from rotary import draw_rope

ROPE_KINDS = ["default", "default", "linear", "dynamic", "llama3", "yarn"]
GEMMAS = ("gemma2", "gemma3_text")
NORM_EPSILONS = [1e-5, 1e-2]


@dataclass
class Sizes:
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    vocab: int
    layers: int
    max_positions: int


def draw_sizes(r):
    heads = r.choice([1, 2, 3, 4, 6])
    kv_heads = r.choice([k for k in range(1, heads + 1) if heads % k == 0])
    head_dim = r.choice([2, 4, 6, 8, 16])
    # Another width than that of all heads together, where a family allows it.
    hidden = heads * head_dim if r.maybe(0.6) else r.choice([8, 12, 20, 24, 30])
    return Sizes(heads, kv_heads, head_dim, hidden, r.randint(30, 90), r.choice([1, 2, 3]), r.choice([16, 24, 64]))


def draw_config(r, family, sizes, activation):
    if family in ("gpt2", "bloom", "qwen2", "phi3"):
        sizes.hidden = sizes.heads * sizes.head_dim
    if family == "gpt2":
        return draw_gpt2(r, sizes, activation)
    if family == "bloom":
        return draw_bloom(r, sizes)
    return draw_like_llama(r, family, sizes, activation)


def draw_gpt2(r, sizes, activation):
    return {
        "n_embd": sizes.hidden,
        "n_head": sizes.heads,
        "n_layer": sizes.layers,
        "n_positions": sizes.max_positions,
        "n_inner": r.choice([None, 7, 20]),
        "activation_function": activation,
        "scale_attn_weights": r.maybe(0.7),
        "scale_attn_by_inverse_layer_idx": r.maybe(0.3),
        "reorder_and_upcast_attn": r.maybe(0.3),
        "layer_norm_epsilon": r.choice(NORM_EPSILONS),
        "tie_word_embeddings": r.maybe(0.6),
    }


def draw_bloom(r, sizes):
    return {
        "hidden_size": sizes.hidden,
        "n_head": sizes.heads,
        "n_layer": sizes.layers,
        "apply_residual_connection_post_layernorm": r.maybe(),
        "layer_norm_epsilon": r.choice(NORM_EPSILONS),
        "tie_word_embeddings": r.maybe(0.6),
    }


def draw_like_llama(r, family, sizes, activation):
    config = {
        "hidden_size": sizes.hidden,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.kv_heads,
        "num_hidden_layers": sizes.layers,
        "intermediate_size": r.choice([10, 24, 33]),
        "max_position_embeddings": sizes.max_positions,
        "rms_norm_eps": r.choice([1e-6, 1e-2]),
        "tie_word_embeddings": r.maybe(),
        "hidden_activation" if family in GEMMAS else "hidden_act": activation,
    }
    if family not in ("qwen2", "phi3"):
        own_width = sizes.hidden != sizes.heads * sizes.head_dim
        if own_width or r.maybe() or family in ("qwen3", *GEMMAS):
            config["head_dim"] = sizes.head_dim
    config.update(draw_rotation(r, family, sizes))
    if family in ("llama", "qwen3", *GEMMAS):
        config["attention_bias"] = r.maybe()
    if family == "llama":
        config["mlp_bias"] = r.maybe()
    if family == "mistral":
        config["sliding_window"] = r.choice([None, 2, 4, 7])
    if family in ("qwen2", "qwen3"):
        config.update(draw_qwen_windows(r, sizes.layers))
    if family in GEMMAS:
        config.update(draw_gemma(r, family, sizes))
    return config


def draw_rotation(r, family, sizes):
    head_dim, max_positions = sizes.head_dim, sizes.max_positions
    if family == "phi3":
        return draw_phi3_rotation(r, head_dim, max_positions)
    if family == "gemma3_text":
        # Transformers ignores `truncate` inside full_attention.
        full = draw_rope(r, ROPE_KINDS, head_dim, max_positions, may_truncate=False)
        sliding = draw_rope(r, ["default", "default", "linear"], head_dim, max_positions)
        return {"rope_parameters": {"full_attention": full, "sliding_attention": sliding}}
    return {"rope_parameters": draw_rope(r, [*ROPE_KINDS, "longrope"], head_dim, max_positions)}


def draw_phi3_rotation(r, head_dim, max_positions):
    partial = r.choice([1.0, 1.0, 0.5, 0.75])
    # Dimensions are rotated two by two.
    if int(head_dim * partial) % 2 or int(head_dim * partial) == 0:
        partial = 1.0
    original = max(4, max_positions // r.choice([1, 2, 4]))
    rope = draw_rope(r, ["default", "longrope"], head_dim, max_positions, partial)
    rope["partial_rotary_factor"] = partial
    if "original_max_position_embeddings" in rope:
        rope["original_max_position_embeddings"] = original
    return {
        "original_max_position_embeddings": original,
        "rope_parameters": rope,
        "sliding_window": r.choice([None, 3, 5]),
    }


def draw_qwen_windows(r, layers):
    config = {
        "use_sliding_window": r.maybe(),
        "sliding_window": r.choice([2, 4, 7]),
        "max_window_layers": r.randint(0, layers),
    }
    if r.maybe(0.3) and config["use_sliding_window"]:
        config["layer_types"] = draw_layer_types(r, layers)
    return config


def draw_gemma(r, family, sizes):
    config = {
        "sliding_window": r.choice([2, 4, 7]),
        "query_pre_attn_scalar": r.choice([4, sizes.head_dim, 10]),
        "final_logit_softcapping": r.choice([None, 3.0, 30.0]),
    }
    if r.maybe():
        config["layer_types"] = draw_layer_types(r, sizes.layers)
    if family == "gemma2":
        config["attn_logit_softcapping"] = r.choice([None, 1.5, 50.0])
    return config


def draw_layer_types(r, layers):
    return [r.choice(["full_attention", "sliding_attention"]) for _ in range(layers)]
