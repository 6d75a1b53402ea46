"""Encoder–decoders: BART, Marian, T5, mT5, with every head they have."""

import torch
import transformers
from encoder_decoder_configs import draw_config
from generations import draw_generations
from inputs import IGNORED, label_config, padded, random_ids, random_mask, sequence_labels, span_labels, token_labels
from spec import ATTENDED, Case, Spec
from weights import fill

FAMILIES = {"bart": "Bart", "marian": "Marian", "t5": "T5", "mt5": "MT5"}
T5_CLASSES = [
    *["ForConditionalGeneration"] * 4,
    "Model",
    "EncoderModel",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForQuestionAnswering",
]
CLASSES = {
    "bart": [*["ForConditionalGeneration"] * 3, "Model", "ForSequenceClassification", "ForQuestionAnswering"],
    "marian": [*["MTModel"] * 3, "Model"],
    "t5": T5_CLASSES,
    "mt5": T5_CLASSES,
}
BOTH_ATTENDED = "decoder positions where decoder_attention_mask is 1; encoder positions where attention_mask is 1"


def draw(family, r):
    prefix = FAMILIES[family]
    name = r.choice(CLASSES[family])
    options = draw_config(r, family)
    if name == "ForSequenceClassification":
        options.update(label_config(r))
    if name == "ForTokenClassification":
        options["num_labels"] = r.randint(2, 4)
    config = getattr(transformers, prefix + "Config")(**options)
    model = getattr(transformers, prefix + name)(config)
    fill(model, r)

    batch, source_time, time = r.randint(2, 3), r.randint(4, 14), r.randint(3, 9)
    vocab, pad, eos = config.vocab_size, config.pad_token_id, config.eos_token_id
    decoder_vocab = options.get("decoder_vocab_size", vocab)
    ids = random_ids(r, batch, source_time, vocab, {pad, eos})
    mask = random_mask(r, batch, source_time, least=2)
    padded_ids = padded(random_ids(r, batch, source_time, vocab, {pad, eos}), mask, pad)
    decoder_mask = random_mask(r, batch, time)
    decoder_ids = padded(random_ids(r, batch, time, decoder_vocab, {pad}), decoder_mask, pad)
    read = {"input_ids": padded_ids, "attention_mask": mask}
    written = {"decoder_input_ids": decoder_ids, "decoder_attention_mask": decoder_mask}
    spec = Spec(model, [], attentions=r.maybe())

    if name == "Model":
        spec.cases += [
            Case("plain", {"input_ids": ids, "decoder_input_ids": decoder_ids}),
            Case("padded", {**read, **written}, compare=BOTH_ATTENDED),
        ]
        # BART's decoder reads the same text, shifted, if none is given.
        if family == "bart":
            spec.cases.append(Case("shifted", {"input_ids": ids}))
    elif name in ("ForConditionalGeneration", "MTModel"):
        drawn_labels = random_ids(r, batch, time, decoder_vocab, {pad})
        labels = torch.where(decoder_mask.bool(), drawn_labels, IGNORED)
        add_language_cases(r, spec, ids, read, written, labels)
        if r.maybe(0.7) and options.get("num_decoder_layers") is None:
            add_generations(r, spec, vocab, pad, options["decoder_start_token_id"])
    else:
        add_reading_cases(spec, name, ids, read)
    return spec


def add_reading_cases(spec, name, ids, read):
    """Heads that read a text and write none."""
    config, mask = spec.model.config, read["attention_mask"]
    batch, time = ids.shape
    compare, labels = None, {}
    if name == "ForSequenceClassification":
        # The class is read at the last end of text.
        ids[:, time - 1] = config.eos_token_id
        read["input_ids"][range(batch), mask.sum(1) - 1] = config.eos_token_id
        labels = {"labels": sequence_labels(config, batch)}
    elif name == "ForQuestionAnswering":
        labels = span_labels(batch, time)
    elif name == "ForTokenClassification":
        compare, labels = ATTENDED, {"labels": token_labels(config, mask)}
    elif name == "EncoderModel":
        compare = ATTENDED
    spec.cases += [Case("plain", {"input_ids": ids}), Case("padded", {**read, **labels}, compare=compare)]
    if labels:
        spec.grad = {**read, **labels}


def add_language_cases(r, spec, ids, read, written, labels):
    config = spec.model.config
    vocab, pad = config.vocab_size, config.pad_token_id
    decoder_ids = written["decoder_input_ids"]
    (batch, source_time), time = ids.shape, decoder_ids.shape[1]
    vectors = torch.randn(batch, source_time, config.d_model)
    decoder_vectors = torch.randn(batch, time, config.d_model)
    spec.grad = {**read, "labels": labels}
    spec.cases += [
        Case("labels", spec.grad),
        Case("decoder_ids", {**read, **written}, compare=BOTH_ATTENDED),
        Case("embeds", {"inputs_embeds": vectors, "decoder_input_ids": decoder_ids}),
        Case("decoder_embeds", {"input_ids": ids, "decoder_inputs_embeds": decoder_vectors}),
    ]
    if r.maybe(0.3):
        left = random_mask(r, batch, source_time, left=True)
        left_ids = padded(random_ids(r, batch, source_time, vocab, {pad}), left, pad)
        inputs = {"input_ids": left_ids, "attention_mask": left, "decoder_input_ids": decoder_ids}
        spec.cases.append(Case("left", inputs, compare="encoder positions where attention_mask is 1; all others"))


def add_generations(r, spec, vocab, pad, start):
    def inputs(padding):
        mask = random_mask(r, 3, 7) if padding else torch.ones(2, 6, dtype=torch.long)
        return {"input_ids": padded(random_ids(r, *mask.shape, vocab, {pad}), mask, pad), "attention_mask": mask}

    spec.generations = draw_generations(r, vocab, pad, inputs, start=start, max_new_tokens=7)
