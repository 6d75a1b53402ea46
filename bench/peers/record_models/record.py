"""Writes a folder: the model as Transformers saves it, and what it computes (golden.json, golden.safetensors).

Everything is computed a second time in float64. What rounding alone can change is not recorded: gradients that are
zero but for noise, and generations that take another way.
"""

import copy
import json
import os

import numpy as np
import torch
import transformers
from record_generation import record_generation, record_memory
from results import double, first_result, fresh, recorded_inputs, result_tensors, run
from safetensors.torch import load_file, save_file
from style import to_style_4


def record(spec, folder, r, like_transformers_4):
    model = spec.model.eval()
    store = {}
    saved = save(model, folder, r)
    model64 = copy.deepcopy(model).double()
    versions = {"transformers": transformers.__version__, "torch": torch.__version__, "numpy": np.__version__}
    golden = {
        "format": 1,
        "class": type(model).__name__,
        "model_type": model.config.model_type,
        "versions": versions,
        "computed_in": "float32, eval mode, attn_implementation=eager",
        "forward": [record_forward(case, spec, model64, store, folder) for case in spec.cases],
    }
    if spec.grad is not None:
        golden["grad"] = record_gradients(spec, model64, saved, store, folder)
    generations = [record_generation(generation, model, model64, store) for generation in spec.generations]
    golden["generate"] = [generation for generation in generations if generation is not None]
    if spec.memory is not None:
        golden["memory"] = record_memory(spec, store)
    if like_transformers_4:
        to_style_4(f"{folder}/config.json")
    save_file(store, f"{folder}/golden.safetensors")
    with open(f"{folder}/golden.json", "w") as file:
        json.dump(golden, file)


def save(model, folder, r):
    """In one file or in shards, sometimes in half precision; returns the saved weights by name."""
    half = r.choice([None, None, None, torch.bfloat16, torch.float16])
    stored = model
    if half:
        round_weights(model, half)
        stored = copy.deepcopy(model).to(half)
    stored.save_pretrained(folder, max_shard_size="8KB" if r.maybe(0.5 if half else 0.3) else "1GB")
    saved = {}
    for name in os.listdir(folder):
        if name.startswith("model") and name.endswith(".safetensors"):
            saved.update({key: tensor.float() for key, tensor in load_file(f"{folder}/{name}").items()})
    return saved


def round_weights(model, dtype):
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(parameter.to(dtype).float())
    for name, buffer in model.named_buffers():
        if name.endswith("final_logits_bias"):
            buffer.copy_(buffer.to(dtype).float())


def record_forward(case, spec, model64, store, folder):
    prefix = f"forward.{case.name}"
    output = run(spec.model, case.inputs, case.kwargs, spec.attentions)
    entry = {"name": case.name, "inputs": recorded_inputs(case.inputs, f"inputs.{case.name}", store)}
    if case.kwargs:
        entry["kwargs"] = case.kwargs
    if case.compare:
        entry["compare"] = case.compare
    if getattr(output, "loss", None) is not None:
        entry["loss"] = output.loss.item()
        assert entry["loss"] == entry["loss"], "NaN loss"
    entry["tensors"] = result_tensors(output, prefix, store, spec.attentions)
    for name in entry["tensors"].values():
        if not torch.isfinite(store[name]).all() and not case.compare:
            print("NONFINITE", folder, name)
    try:
        exact = first_result(run(model64, double(case.inputs), case.kwargs)).double()
        error = (first_result(output).double() - exact).abs()
        # Of the tolerance that verify allows.
        noise = (error / (3e-5 + 1e-4 * exact.abs())).nan_to_num().max()
        entry["noise_of_tolerance"] = round(float(noise), 4)
    except Exception as error:
        entry["noise_error"] = str(error)[:100]
    return entry


def record_gradients(spec, model64, saved, store, folder):
    loss, gradients = loss_and_gradients(spec.model, spec.grad)
    try:
        _, gradients64 = loss_and_gradients(model64, double(spec.grad))
    except Exception:
        # XLNet, and GPT-2 when it upcasts scores, insist on float32 inside.
        gradients64 = gradients
    parameters = dict(spec.model.named_parameters())
    known = [gradient for gradient in gradients.values() if gradient is not None]
    total = sum(float(gradient.double().pow(2).sum()) for gradient in known) ** 0.5
    names, without = {}, []
    for name, gradient in gradients.items():
        key = saved_key(name, parameters[name], saved)
        if key is None:
            print("NOKEY", folder, name)
        elif gradient is None:
            without.append(key)
        elif not is_noise(gradient.double(), gradients64[name].double(), total):
            store[f"grad.{key}"] = gradient.clone().contiguous()
            names[key] = f"grad.{key}"
    return {
        "inputs": recorded_inputs(spec.grad, "inputs.grad", store),
        "loss": loss,
        "global_norm": total,
        "tensors": names,
        "params_without_grad": without,
    }


def loss_and_gradients(model, inputs):
    copied = fresh(model)
    copied.zero_grad()
    loss = copied(**inputs, return_dict=True).loss
    loss.backward()
    return loss.item(), {name: p.grad for name, p in copied.named_parameters() if p.requires_grad}


def saved_key(name, parameter, saved):
    """A parameter's name in the file: its own, or that of the only equal tensor."""
    if name in saved and saved[name].shape == parameter.shape:
        return name
    weight = parameter.detach()
    equal = [key for key, tensor in saved.items() if tensor.shape == weight.shape and torch.equal(tensor, weight)]
    return equal[0] if len(equal) == 1 else None


def is_noise(gradient, exact, total):
    if not torch.isfinite(exact).all():
        exact = gradient
    largest = exact.abs().max()
    error = ((gradient - exact).abs() / (1e-3 * exact.abs() + 1e-4 * largest + 1e-30)).max()
    return error > 0.3 or largest < 1e-4 * total or largest < 1e-6
