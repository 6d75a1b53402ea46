"""Encoders with every head they have: masked words, pairs of sentences, classes, answers, choices."""

import torch
import transformers
from encoder_configs import LIKE_ROBERTA, SEPARATOR, draw_config
from inputs import (
    IGNORED,
    padded,
    random_ids,
    random_mask,
    random_positions,
    sequence_labels,
    span_labels,
    token_labels,
)
from spec import ATTENDED, Case, Spec
from weights import fill

FAMILIES = {
    "bert": "Bert",
    "roberta": "Roberta",
    "albert": "Albert",
    "distilbert": "DistilBert",
    "longformer": "Longformer",
    "big_bird": "BigBird",
    "xlm-roberta": "XLMRoberta",
    "camembert": "Camembert",
    "modernbert": "ModernBert",
}
TASKS = {
    "ForMaskedLM": "masked",
    "ForPreTraining": "pretraining",
    "Model": "backbone",
    "ForSequenceClassification": "sequence",
    "ForTokenClassification": "token",
    "ForQuestionAnswering": "question",
    "ForMultipleChoice": "choice",
    "ForNextSentencePrediction": "next",
}
SPARSE = ("longformer", "big_bird")
TYPELESS = ("distilbert", "modernbert")


def draw(family, r):
    prefix = FAMILIES[family]
    name = r.choice([name for name in TASKS if hasattr(transformers, prefix + name)])
    task = TASKS[name]
    options, positions, time = draw_config(r, family, task)
    config = getattr(transformers, prefix + "Config")(**options)
    model = getattr(transformers, prefix + name)(config)
    fill(model, r)

    batch = r.randint(2, 3)
    choices = r.randint(2, 3) if task == "choice" else None
    rows = batch * (choices or 1)
    vocab, pad = config.vocab_size, config.pad_token_id
    separated = task in ("question", "choice") and family in SPARSE

    def sequences():
        ids = random_ids(r, rows, time, vocab, {pad, SEPARATOR})
        return separate(r, family, ids) if separated else ids

    def shaped(tensor):
        return tensor.view(batch, choices, time) if choices else tensor

    ids = sequences()
    mask = draw_mask(r, family, separated, rows, time)
    padded_ids = padded(sequences(), mask, pad)
    if separated and family == "longformer":
        # Drawn anew though nothing is padded: a seed keeps its model.
        padded_ids = sequences()
    types = torch.randint(0, options.get("type_vocab_size", 1), (rows, time))
    labels = draw_labels(r, family, task, config, mask, batch, choices)
    full = {"input_ids": shaped(padded_ids), "attention_mask": shaped(mask), **labels}
    # BigBird makes the types of questions itself.
    takes_types = family not in TYPELESS and not (task == "question" and family == "big_bird")
    if takes_types and r.maybe(0.7):
        full["token_type_ids"] = shaped(types)
    if family == "longformer" and r.maybe(0.7) and task != "choice":
        full["global_attention_mask"] = (torch.rand(rows, time) < 0.25).long() * mask

    plain = {"input_ids": shaped(ids)}
    if family == "modernbert" and task == "choice":
        # Its mean over positions needs a mask.
        plain["attention_mask"] = torch.ones_like(plain["input_ids"])
    cases = [Case("plain", plain), Case("padded", full, compare=ATTENDED)]
    if task != "choice" and family not in SPARSE:
        if family != "distilbert":
            first = pad + 1 if family in LIKE_ROBERTA else 0
            position_ids = random_positions(r, rows, time, first, first + positions)
            cases.append(Case("positions", {"input_ids": ids, "position_ids": position_ids}))
        width = options.get("embedding_size", options.get("hidden_size", options.get("dim")))
        cases.append(Case("embeds", {"inputs_embeds": torch.randn(rows, time, width)}))
    if family not in SPARSE and task in ("masked", "backbone", "token", "sequence"):
        left = random_mask(r, rows, time, left=True)
        padded_left = {"input_ids": padded(sequences(), left, pad), "attention_mask": left}
        cases.append(Case("left", padded_left, compare=ATTENDED))
        # Where 0 is the padding's id, RoBERTa's positions skip it without a mask, too.
        with_zeros = random_ids(r, rows, time, vocab) * (torch.rand(rows, time) < 0.8)
        cases.append(Case("pad_ids", {"input_ids": with_zeros}))
    if task == "question" and family == "big_bird":
        lengths = torch.randint(1, time // 2, (rows, 1))
        cases.append(Case("lengths", {"input_ids": ids, "question_lengths": lengths}))
    attentions = family not in SPARSE and r.maybe()
    return Spec(model, cases, attentions, grad=None if task == "backbone" else full)


def separate(r, family, ids):
    """Separators, by which Longformer (three) and BigBird (one) find the question."""
    rows, time = ids.shape
    first = r.randint(2, 3)
    for row in range(rows):
        at = [first, first + 1, time - 1] if family == "longformer" else r.sample(range(1, time - time // 3), 1)
        ids[row, at] = SEPARATOR
    return ids


def draw_mask(r, family, separated, rows, time):
    if not separated:
        return random_mask(r, rows, time)
    # Padding must not hide separators.
    if family == "longformer":
        return torch.ones(rows, time, dtype=torch.long)
    return random_mask(r, rows, time, least=time - 2)


def draw_labels(r, family, task, config, mask, batch, choices):
    rows, time = mask.shape
    if task in ("masked", "pretraining"):
        chosen = (torch.rand(rows, time) < 0.4) & mask.bool()
        labels = torch.where(chosen, random_ids(r, rows, time, config.vocab_size), IGNORED)
        # At least one, or the loss is no number.
        labels[0, 1] = 7
        if task == "masked":
            return {"labels": labels}
        second = "sentence_order_label" if family == "albert" else "next_sentence_label"
        return {"labels": labels, second: torch.randint(0, 2, (rows,))}
    if task == "next":
        return {"labels": torch.randint(0, 2, (rows,))}
    if task == "sequence":
        return {"labels": sequence_labels(config, rows)}
    if task == "token":
        return {"labels": token_labels(config, mask)}
    if task == "question":
        return span_labels(rows, time)
    if task == "choice":
        return {"labels": torch.randint(0, choices, (batch,))}
    return {}
