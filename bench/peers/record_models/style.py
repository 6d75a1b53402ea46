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
