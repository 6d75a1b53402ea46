"""Records what a model generates, and what XLNet computes with the memory of earlier segments."""

import torch
from results import double, fresh, recorded_inputs
from transformers import GenerationConfig

# Generations with nothing but these can be compared step by step.
PLAIN_SETTINGS = {
    "max_new_tokens",
    "do_sample",
    "num_beams",
    "eos_token_id",
    "pad_token_id",
    "bos_token_id",
    "decoder_start_token_id",
}


def record_generation(generation, model, model64, store):
    """None where float64 generates something else: then rounding decides between two equal ways."""
    prefix = f"generate.{generation.name}"
    output = generate(model, generation.inputs, generation)
    if not is_certain(output, model64, generation):
        return None
    entry = {
        "name": generation.name,
        "inputs": recorded_inputs(generation.inputs, prefix, store),
        "config": generation.config,
    }
    if generation.uses_saved:
        entry["uses_generation_config_json"] = True
    entry["sequences"] = output.sequences.tolist()
    if getattr(output, "sequences_scores", None) is not None:
        entry["sequences_scores"] = output.sequences_scores.tolist()
    elif is_plain(generation):
        store[f"{prefix}.logprobs"] = torch.stack(output.logits, 1).float().log_softmax(-1).contiguous()
        entry["tensors"] = {"logprobs": f"{prefix}.logprobs"}
    return entry


def generate(model, inputs, generation):
    model = fresh(model)
    settings = generation.config
    if not generation.uses_saved:
        # What the model's configuration says of generation would fill in what is not set.
        model.generation_config = GenerationConfig()
        settings = {"generation_config": GenerationConfig(**generation.config)}
    with torch.no_grad():
        return model.generate(
            **inputs, **settings, output_scores=True, output_logits=True, return_dict_in_generate=True
        )


def is_certain(output, model64, generation):
    try:
        output64 = generate(model64, double(generation.inputs), generation)
        if not all(torch.isfinite(logits[:, 5:]).any() for logits in output64.logits):
            return True
        return output64.sequences.tolist() == output.sequences.tolist()
    except Exception:
        # XLNet, and GPT-2 when it upcasts scores, insist on float32 inside.
        return True


def is_plain(generation):
    config = generation.config
    if generation.uses_saved or config.get("num_beams", 1) != 1:
        return False
    return set(config) <= PLAIN_SETTINGS and config.get("eos_token_id") is None


def record_memory(spec, store):
    model, memory, names = fresh(spec.model), None, {}

    def keep(name, tensor):
        store[f"memory.{name}"] = tensor.contiguous().clone()
        names[name] = f"memory.{name}"

    with torch.no_grad():
        for i, segment in enumerate(spec.memory, start=1):
            output = model(segment, mems=memory, return_dict=True, use_mems=True)
            memory = output.mems
            keep(f"logits_{i}", output.logits)
            for layer, tensor in enumerate(memory or []):
                keep(f"mems_{i}.{layer}", tensor)
    segments = [segment.tolist() for segment in spec.memory]
    return {"segments": segments, "tensors": names, "kwargs": {"use_mems": True}}
