"""Runs a model, and names the tensors of what it returns."""

import copy

import torch

RESULTS = [
    "logits",
    "prediction_logits",
    "seq_relationship_logits",
    "sop_logits",
    "start_logits",
    "end_logits",
    "last_hidden_state",
    "pooler_output",
    "encoder_last_hidden_state",
]
# One tensor for each layer.
LAYERS = [
    "hidden_states",
    "attentions",
    "decoder_hidden_states",
    "decoder_attentions",
    "cross_attentions",
    "encoder_hidden_states",
    "encoder_attentions",
]


def fresh(model):
    """A copy, since models keep state: dynamic rotations grow with the longest text seen."""
    return copy.deepcopy(model)


def run(model, inputs, kwargs, attentions=False):
    with torch.no_grad():
        return fresh(model)(
            **inputs, **kwargs, output_hidden_states=True, output_attentions=attentions, return_dict=True
        )


def first_result(output):
    return next(getattr(output, name) for name in RESULTS if isinstance(getattr(output, name, None), torch.Tensor))


def result_tensors(output, prefix, store, attentions):
    """Puts results into the store; returns the quantities with their names in it."""
    found = {name: getattr(output, name, None) for name in RESULTS}
    results = {name: tensor for name, tensor in found.items() if isinstance(tensor, torch.Tensor)}
    for name in LAYERS:
        layers = getattr(output, name, None)
        if layers is None or ("attentions" in name and not attentions):
            continue
        # XLNet's layers may give one tensor for each of two streams.
        flat = [t for layer in layers for t in (layer if isinstance(layer, (tuple, list)) else [layer])]
        results.update({f"{name}.{i}": tensor for i, tensor in enumerate(flat)})
    for name, tensor in results.items():
        store[f"{prefix}.{name}"] = tensor.detach().float().contiguous().clone()
    return {name: f"{prefix}.{name}" for name in results}


def double(inputs):
    return {
        name: tensor.double() if isinstance(tensor, torch.Tensor) and tensor.is_floating_point() else tensor
        for name, tensor in inputs.items()
    }


def recorded_inputs(inputs, prefix, store):
    """Whole numbers stand in golden.json itself, others in golden.safetensors."""
    return {name: recorded_input(tensor, f"{prefix}.{name}", store) for name, tensor in inputs.items()}


def recorded_input(tensor, name, store):
    if tensor.dtype in (torch.int64, torch.int32, torch.bool):
        return tensor.long().tolist()
    store[name] = tensor.float().contiguous().clone()
    return {"tensor": name}
