"""Decoders: GPT-2, BLOOM, Llama, Mistral, Qwen 2 and 3, Phi-3, Gemma 2 and 3, with every head they have."""

import json

import torch
import transformers
from decoder_configs import draw_config, draw_sizes
from generations import draw_generations
from inputs import (
    ACTIVATIONS,
    padded,
    random_ids,
    random_mask,
    random_positions,
    sequence_labels,
    span_labels,
    task_config,
    token_labels,
)
from spec import ATTENDED, Case, Spec
from weights import fill

FAMILIES = {
    "gpt2": "GPT2",
    "bloom": "Bloom",
    "llama": "Llama",
    "mistral": "Mistral",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
    "phi3": "Phi3",
    "gemma2": "Gemma2",
    "gemma3_text": "Gemma3",
}
CLASSES = {
    "causal": "ForCausalLM",
    "backbone": "Model",
    "sequence": "ForSequenceClassification",
    "token": "ForTokenClassification",
    "question": "ForQuestionAnswering",
}
OWN_CLASSES = {
    "gpt2": {"causal": "LMHeadModel"},
    "gemma3_text": {"backbone": "TextModel", "sequence": "TextForSequenceClassification"},
}


def draw(family, r):
    sizes = draw_sizes(r)
    vocab, max_positions = sizes.vocab, sizes.max_positions
    task, cls = draw_task(r, family)
    pad = r.choice([None, 0, 3, vocab - 1])
    # A sequence's last token is found by its padding.
    if task == "sequence" and pad is None:
        pad = 0
    options = {
        "vocab_size": vocab,
        "pad_token_id": pad,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "attn_implementation": "eager",
        **task_config(r, task),
    }
    options.update(draw_config(r, family, sizes, r.choice(ACTIVATIONS)))
    config = config_class(family)(**options)
    model = cls(config)
    fill(model, r)

    batch, time = r.randint(2, 4), r.randint(3, min(max_positions, 18))
    ids = random_ids(r, batch, time, vocab, {pad})
    mask = random_mask(r, batch, time, left=r.maybe(0.3))
    padded_ids = padded(random_ids(r, batch, time, vocab, {pad}), mask, pad)
    labelled = {"input_ids": padded_ids, "attention_mask": mask, **draw_labels(r, task, config, padded_ids, mask)}
    cases = [Case("plain", {"input_ids": ids}), Case("padded", labelled, compare=ATTENDED)]
    if family != "bloom":
        positions = random_positions(r, batch, time, 0, max_positions)
        cases.append(Case("positions", {"input_ids": ids, "position_ids": positions}))
    if task != "sequence":
        cases.append(Case("embeds", {"inputs_embeds": torch.randn(batch, time, sizes.hidden)}))
    if family not in ("gpt2", "bloom") and r.maybe(0.3):
        longer = max_positions + r.randint(1, 8)
        cases.append(Case("long", {"input_ids": random_ids(r, 1, longer, vocab, {pad})}))
    spec = Spec(model, cases, attentions=r.maybe(), grad=None if task == "backbone" else labelled)
    if task == "causal" and r.maybe(0.6):
        add_generations(r, spec, options, max_positions)
    return spec


def draw_task(r, family):
    names = {**CLASSES, **OWN_CLASSES.get(family, {})}
    tasks = [
        task
        for task in ["causal", "causal", "causal", "backbone", "sequence", "token", "question"]
        if hasattr(transformers, FAMILIES[family] + names[task])
    ]
    task = r.choice(tasks)
    return task, getattr(transformers, FAMILIES[family] + names[task])


def config_class(family):
    prefix = "Gemma3Text" if family == "gemma3_text" else FAMILIES[family]
    return getattr(transformers, prefix + "Config")


def draw_labels(r, task, config, ids, mask):
    batch, time = ids.shape
    if task == "causal":
        labels = torch.where(mask.bool(), ids, torch.full_like(ids, -100))
        if r.maybe(0.3):
            labels[0, 1:3] = -100
        return {"labels": labels}
    if task == "sequence":
        return {"labels": sequence_labels(config, batch)}
    if task == "token":
        return {"labels": token_labels(config, mask)}
    if task == "question":
        return span_labels(batch, time)
    return {}


def add_generations(r, spec, options, max_positions):
    vocab, pad = options["vocab_size"], options["pad_token_id"]
    new_tokens = min(8, max_positions - 6)
    # Short of where rotations change: past it, Transformers keeps keys that were rotated in the old way.
    switch = spec.model.config.original_max_position_embeddings if spec.model.config.model_type == "phi3" else None
    if switch is not None and switch < 14:
        new_tokens = min(new_tokens, switch - 6)
    if "dynamic" in json.dumps(options.get("rope_parameters", {})):
        new_tokens = min(new_tokens, max_positions - 8)

    def inputs(padding):
        if not padding:
            ids = random_ids(r, 2, 5, vocab, {pad})
            return {"input_ids": ids, "attention_mask": torch.ones(2, 5, dtype=torch.long)}
        mask = random_mask(r, 3, 6, left=True)
        return {"input_ids": padded(random_ids(r, 3, 6, vocab, {pad}), mask, pad), "attention_mask": mask}

    if new_tokens > 1:
        spec.generations = draw_generations(r, vocab, pad, inputs, max_new_tokens=new_tokens)
