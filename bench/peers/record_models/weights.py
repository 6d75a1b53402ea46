"""Random weights that make every part of a model matter: no zero biases, no norms of ones, wide embeddings."""

import numpy as np
import torch

EMBEDDINGS = ("embed", "wte", "wpe", "shared", "position")
# GPT-2's Conv1D, stored [in, out].
TRANSPOSED = ("c_attn", "c_proj", "c_fc", "q_attn")


def fill(model, r):
    gain = r.uniform(0.6, 1.3)
    model_type = model.config.model_type
    seen = set()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad or id(parameter) in seen:
                continue
            seen.add(id(parameter))
            fill_parameter(parameter, name.lower(), model_type, model.config, gain, r)
    # Zero in a new model, so that leaving it out would not show.
    for name, buffer in model.named_buffers():
        if name.endswith("final_logits_bias"):
            buffer.normal_(0, 0.5)


def fill_parameter(parameter, name, model_type, config, gain, r):
    if parameter.ndim >= 2:
        if is_embedding(name):
            parameter.normal_(0, r.uniform(0.3, 0.9))
            return
        fan_in = parameter.shape[0] if contains(name, TRANSPOSED) else int(np.prod(parameter.shape[1:]))
        std = gain / fan_in**0.5
        # T5 does not scale scores: its queries are small instead.
        if model_type in ("t5", "mt5") and name.endswith(".q.weight"):
            std /= config.d_kv**0.5
        parameter.normal_(0, std)
    elif contains(name, ("norm", ".ln_")) and "weight" in name:
        # Gemma's norms multiply by 1 + weight.
        parameter.normal_(0 if "gemma" in model_type else 1, 0.3)
    else:
        parameter.normal_(0, 0.3)


def is_embedding(name):
    return contains(name, EMBEDDINGS) and not contains(name, ("mapping", "proj"))


def contains(name, parts):
    return any(part in name for part in parts)
