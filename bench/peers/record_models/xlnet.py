"""XLNet: both directions or one, permutations with target positions, memory of earlier segments."""

import torch
import transformers
from generations import draw_generations
from inputs import (
    ACTIVATIONS,
    IGNORED,
    padded,
    random_ids,
    random_mask,
    sequence_labels,
    span_labels,
    task_config,
    token_labels,
)
from spec import ATTENDED, Case, Spec
from weights import fill

TASKS = {
    "LMHeadModel": "language",
    "Model": "backbone",
    "ForSequenceClassification": "sequence",
    "ForTokenClassification": "token",
    "ForQuestionAnsweringSimple": "question",
}
PAD = 5


def draw(family, r):
    name = r.choice(["LMHeadModel"] * 4 + list(TASKS)[1:])
    task = TASKS[name]
    options = draw_options(r, task)
    config = transformers.XLNetConfig(**options)
    model = getattr(transformers, "XLNet" + name)(config)
    fill(model, r)

    vocab, batch, time = config.vocab_size, r.randint(2, 3), r.randint(4, 10)
    ids = random_ids(r, batch, time, vocab)
    mask = random_mask(r, batch, time, left=r.maybe(0.7))
    padded_ids = padded(random_ids(r, batch, time, vocab), mask, PAD)
    full = {
        "input_ids": padded_ids,
        "attention_mask": mask,
        "token_type_ids": torch.randint(0, 3, (batch, time)),
        **draw_labels(r, task, config, mask),
    }
    # Transformers does not run one direction with a mask.
    if options["attn_type"] == "uni":
        full.pop("attention_mask")
    spec = Spec(model, [Case("plain", {"input_ids": ids}), Case("padded", full, compare=ATTENDED)])
    if task in ("language", "backbone") and options["attn_type"] == "bi":
        add_permutations(r, spec, task, ids)
        if options["mem_len"] and task == "language":
            spec.memory = [random_ids(r, 2, r.randint(3, 6), vocab) for _ in range(3)]
    if task in ("sequence", "token", "question"):
        spec.grad = full
    if task == "language" and r.maybe(0.4):
        drawn = draw_generations(
            r, vocab, PAD, lambda padding: {"input_ids": random_ids(r, 2, 5, vocab, {PAD})}, max_new_tokens=5
        )
        spec.generations = [generation for generation in drawn if not generation.uses_saved][:3]
    return spec


def draw_options(r, task):
    heads = r.choice([1, 2, 3])
    options = {
        "d_model": heads * r.choice([2, 4, 6]),
        "n_head": heads,
        "vocab_size": r.randint(40, 80),
        "n_layer": r.choice([1, 2, 3]),
        "d_inner": r.choice([9, 20]),
        "ff_activation": r.choice(ACTIVATIONS),
        "attn_type": r.choice(["bi", "bi", "uni"]),
        "mem_len": r.choice([None, 0, 3, 6, 20]),
        "reuse_len": r.choice([None, 0, 2, 4]),
        "clamp_len": r.choice([-1, -1, 3, 6]),
        "same_length": r.maybe(0.3),
        "layer_norm_eps": r.choice([1e-12, 1e-3]),
        "summary_type": r.choice(["last", "first", "mean"]),
        "summary_use_proj": r.maybe(0.7),
        "summary_activation": r.choice(["tanh", None]),
        "use_mems_eval": r.maybe(0.7),
        "tie_word_embeddings": r.maybe(0.7),
        "pad_token_id": PAD,
        **task_config(r, task),
    }
    if options["summary_activation"] is None:
        options.pop("summary_activation")
    return options


def draw_labels(r, task, config, mask):
    batch, time = mask.shape
    if task == "sequence":
        return {"labels": sequence_labels(config, batch)}
    if task == "token":
        return {"labels": token_labels(config, mask)}
    if task == "question":
        return span_labels(batch, time)
    if task == "language":
        return {"labels": torch.where(mask.bool(), random_ids(r, batch, time, config.vocab_size), IGNORED)}
    return {}


def add_permutations(r, spec, task, ids):
    config, (batch, time) = spec.model.config, ids.shape
    hidden_from = (torch.rand(batch, time, time) < 0.4).float()
    targets = r.randint(1, 3)
    target_mapping = torch.zeros(batch, targets, time)
    for row in range(batch):
        for target, position in enumerate(r.sample(range(time), targets)):
            target_mapping[row, target, position] = 1
            # Nobody sees what is to be predicted.
            hidden_from[row, :, position] = 1
    labels = {"labels": random_ids(r, batch, targets, config.vocab_size)} if task == "language" else {}
    permuted = {"input_ids": ids, "perm_mask": hidden_from, "target_mapping": target_mapping, **labels}
    spec.cases += [
        Case("permutation", permuted),
        Case("perm_only", {"input_ids": ids, "perm_mask": (torch.rand(batch, time, time) < 0.3).float()}),
        Case("embeds", {"inputs_embeds": torch.randn(batch, time, config.d_model)}),
    ]
    if task == "language":
        spec.grad = permuted
