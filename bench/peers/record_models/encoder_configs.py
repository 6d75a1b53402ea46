"""Random configurations of encoders: BERT, RoBERTa and its likes, ALBERT, DistilBERT, Longformer, BigBird, ModernBERT."""

from decoder_configs import ROPE_KINDS, draw_layer_types
from inputs import ACTIVATIONS, task_config
from rotary import draw_rope

LIKE_ROBERTA = ("roberta", "longformer", "xlm-roberta", "camembert")
SEPARATOR = 2


def draw_config(r, family, task):
    """The configuration's options, the number of positions, and the length of texts to try."""
    heads = r.choice([1, 2, 3, 4])
    hidden = heads * r.choice([2, 4, 6, 8])
    vocab, layers, positions = r.randint(70, 100), r.choice([1, 2, 3]), r.choice([24, 40])
    pad = r.choice([1, 0, 5] if family in LIKE_ROBERTA else [0, 0, 3])
    activation = r.choice(ACTIVATIONS)
    config = {
        "vocab_size": vocab,
        "pad_token_id": pad,
        # RoBERTa counts positions from pad_token_id + 1.
        "max_position_embeddings": positions + (pad + 1 if family in LIKE_ROBERTA else 0),
        "attn_implementation": "eager",
        "chunk_size_feed_forward": r.choice([0, 0, 1]),
        "tie_word_embeddings": r.maybe(0.6),
        **task_config(r, task),
    }
    if family == "distilbert":
        config.update(draw_distilbert(r, hidden, heads, layers, activation))
    elif family == "modernbert":
        config.update(draw_modernbert(r, hidden, heads, activation, positions))
    else:
        config.update(draw_like_bert(r, hidden, heads, layers, activation))
    if family == "albert":
        config.update(draw_albert(r, hidden, layers))
    time = r.randint(6, 16)
    if family == "longformer":
        config.update(draw_longformer(r, layers))
    if family == "big_bird":
        config.update(draw_big_bird(r))
        time = draw_big_bird_time(r, config)
    return config, positions, time


def draw_distilbert(r, hidden, heads, layers, activation):
    return {
        "dim": hidden,
        "n_heads": heads,
        "n_layers": layers,
        "hidden_dim": r.choice([9, 24]),
        "activation": activation,
        "sinusoidal_pos_embds": r.maybe(0.3),
    }


def draw_modernbert(r, hidden, heads, activation, positions):
    # Three or more, so that windows have a layer of their own also where config.json leaves the types open.
    layers = r.choice([2, 3, 4])
    rope = {
        "full_attention": draw_rope(r, ROPE_KINDS, hidden // heads, positions, may_truncate=False),
        "sliding_attention": draw_rope(r, ["default", "default", "linear"], hidden // heads, positions),
    }
    config = {
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "intermediate_size": r.choice([9, 24]),
        "hidden_activation": activation,
        "classifier_activation": r.choice(ACTIVATIONS),
        "classifier_pooling": r.choice(["cls", "mean"]),
        "local_attention": r.choice([2, 4, 5, 8]),
        "norm_eps": r.choice([1e-5, 1e-2]),
        "rope_parameters": rope,
        "bos_token_id": None,
        "eos_token_id": None,
        "cls_token_id": 1,
        "sep_token_id": SEPARATOR,
    }
    config.update({key: r.maybe() for key in ("norm_bias", "attention_bias", "mlp_bias", "classifier_bias")})
    config["decoder_bias"] = r.maybe(0.7)
    if r.maybe():
        config["layer_types"] = draw_layer_types(r, layers)
    return config


def draw_like_bert(r, hidden, heads, layers, activation):
    return {
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "intermediate_size": r.choice([9, 24]),
        "hidden_act": activation,
        "type_vocab_size": r.choice([1, 2, 3]),
        "layer_norm_eps": r.choice([1e-12, 1e-3]),
    }


def draw_albert(r, hidden, layers):
    return {
        "inner_group_num": r.choice([1, 1, 2]),
        "num_hidden_groups": r.choice([groups for groups in (1, 2, 3) if groups <= layers]),
        "embedding_size": r.choice([6, 8, hidden]),
    }


def draw_longformer(r, layers):
    windows = [r.choice([4, 8, 12]) for _ in range(layers)]
    return {"attention_window": windows if r.maybe() else windows[0], "sep_token_id": SEPARATOR}


def draw_big_bird(r):
    return {
        "block_size": r.choice([2, 3, 4]),
        "num_random_blocks": r.choice([1, 2, 3]),
        "attention_type": r.choice(["block_sparse", "block_sparse", "original_full"]),
        "use_bias": r.maybe(),
        "rescale_embeddings": r.maybe(),
        "sep_token_id": SEPARATOR,
        "max_position_embeddings": 96,
    }


def draw_big_bird_time(r, config):
    block = config["block_size"]
    # Below so many blocks, BigBird attends to everything.
    sparse_from = 5 + 2 * config["num_random_blocks"] + 1
    short = r.randint(6, 20)
    long = block * r.randint(sparse_from, sparse_from + 5) - r.randint(0, block - 1)
    return min(r.choice([short, long]), 90)
