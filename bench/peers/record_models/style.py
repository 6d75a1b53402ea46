"""Rewrites config.json as Transformers 4 wrote it: rope_theta and rope_scaling, torch_dtype."""

import json


def to_style_4(path):
    with open(path) as file:
        config = json.load(file)
    if "dtype" in config:
        config["torch_dtype"] = config.pop("dtype")
    rope = config.pop("rope_parameters", None)
    if rope:
        flatten_rope(config, rope)
    with open(path, "w") as file:
        json.dump(config, file, indent=2)


def flatten_rope(config, rope):
    if "full_attention" in rope:
        local = rope["sliding_attention"]
        if config["model_type"] == "modernbert":
            flatten_modernbert(config, rope)
            return
        # Transformers 4 could not say that windows scale their positions, too.
        if local["rope_type"] != "default":
            config["rope_parameters"] = rope
            return
        config["rope_local_base_freq"] = local.get("rope_theta")
        rope = rope["full_attention"]
    rope = dict(rope)
    theta = rope.pop("rope_theta", None)
    if theta is not None:
        config["rope_theta"] = theta
    partial = rope.pop("partial_rotary_factor", None)
    if partial is not None and partial != 1:
        config["partial_rotary_factor"] = partial
    config["rope_scaling"] = None if rope.get("rope_type") == "default" else rope


def flatten_modernbert(config, rope):
    """Transformers 4 had two thetas and nothing else, and counted the layers."""
    if all(each["rope_type"] == "default" for each in rope.values()):
        config["global_rope_theta"] = rope["full_attention"]["rope_theta"]
        config["local_rope_theta"] = rope["sliding_attention"]["rope_theta"]
    else:
        config["rope_parameters"] = rope
    layers = config["num_hidden_layers"]
    for every in range(1, layers + 1):
        if config["layer_types"] == ["sliding_attention" if i % every else "full_attention" for i in range(layers)]:
            del config["layer_types"]
            config["global_attn_every_n_layers"] = every
            return
