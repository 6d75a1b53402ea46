"""Encoder–decoders made of two models: an image or a text to read, GPT-2, BERT or RoBERTa to write."""

import torch
import transformers
from generations import draw_generations
from images import draw_vit_config
from inputs import ACTIVATIONS, IGNORED, padded, random_ids, random_mask
from spec import Case, Spec
from weights import fill

FAMILIES = ["vision-encoder-decoder", "encoder-decoder"]
BERT_LIKE = {"bert": transformers.BertConfig, "roberta": transformers.RobertaConfig}
SOURCE_VOCAB = 50


def draw(family, r):
    sees = family == "vision-encoder-decoder"
    vocab = r.randint(40, 70)
    kind = r.choice(["gpt2", "bert", "roberta"])
    pad = 1 if kind == "roberta" else 0
    encoder, image_shape = draw_vit_encoder(r) if sees else (draw_text_encoder(r), None)
    decoder = draw_decoder(r, kind, encoder, vocab, pad)
    model = join(sees, encoder, decoder, vocab, pad)
    for part in (model.encoder, model.decoder):
        fill(part, r)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith("enc_to_dec"):
                parameter.normal_(0, 0.4)

    batch, time = 2, r.randint(3, 8)
    mask = random_mask(r, batch, time)
    ids = padded(random_ids(r, batch, time, vocab, {pad}), mask, pad)
    labels = torch.where(mask.bool(), random_ids(r, batch, time, vocab, {pad}), IGNORED)

    def source(padding):
        if sees:
            return {"pixel_values": torch.randn(batch, *image_shape)}
        attended = random_mask(r, batch, 7, least=2) if padding else torch.ones(batch, 7, dtype=torch.long)
        source_ids = random_ids(r, batch, 7, SOURCE_VOCAB, {encoder.pad_token_id})
        return {"input_ids": padded(source_ids, attended, encoder.pad_token_id), "attention_mask": attended}

    read = source(True)
    cases = [
        # Of texts, what the encoder makes of padding does not count; verify sees from the mask where.
        Case("labels", {**read, "labels": labels}, compare=None if sees else "x"),
        Case("decoder_ids", {**source(False), "decoder_input_ids": ids}),
        Case(
            "decoder_mask",
            {**read, "decoder_input_ids": ids, "decoder_attention_mask": mask},
            compare="decoder positions where decoder_attention_mask is 1",
        ),
    ]
    generations = draw_generations(r, vocab, pad, source, start=3, max_new_tokens=7)
    return Spec(
        model,
        cases,
        grad={**read, "labels": labels},
        generations=[generation for generation in generations if not generation.uses_saved],
        label=f"{type(model).__name__}-{kind}",
    )


def draw_vit_encoder(r):
    options, size, _ = draw_vit_config(r)
    options.pop("pooler_output_size", None)
    return transformers.ViTConfig(**options), [options["num_channels"], *size]


def draw_text_encoder(r):
    kind = r.choice(["bert", "roberta"])
    heads = r.choice([1, 2, 3])
    return BERT_LIKE[kind](
        vocab_size=SOURCE_VOCAB,
        hidden_size=heads * 4,
        num_attention_heads=heads,
        num_hidden_layers=r.choice([1, 2]),
        intermediate_size=9,
        max_position_embeddings=40,
        hidden_act=r.choice(ACTIVATIONS),
        pad_token_id=0 if kind == "bert" else 1,
    )


def draw_decoder(r, kind, encoder, vocab, pad):
    # Another width than the encoder's needs a projection.
    hidden = encoder.hidden_size if r.maybe(0.6) else r.choice([8, 12])
    heads = r.choice([k for k in (1, 2, 3, 4, 6) if hidden % k == 0])
    shared = {
        "vocab_size": vocab,
        "is_decoder": True,
        "add_cross_attention": True,
        "pad_token_id": pad,
        "bos_token_id": 3,
        "eos_token_id": 2,
    }
    if kind == "gpt2":
        return transformers.GPT2Config(
            **shared,
            n_embd=hidden,
            n_head=heads,
            n_layer=r.choice([1, 2]),
            n_positions=32,
            activation_function=r.choice(ACTIVATIONS),
            scale_attn_by_inverse_layer_idx=r.maybe(0.3),
            reorder_and_upcast_attn=False,
            n_inner=r.choice([None, 10]),
            tie_word_embeddings=r.maybe(0.7),
        )
    return BERT_LIKE[kind](
        **shared,
        hidden_size=hidden,
        num_attention_heads=heads,
        num_hidden_layers=r.choice([1, 2]),
        intermediate_size=10,
        max_position_embeddings=40,
        hidden_act=r.choice(ACTIVATIONS),
        type_vocab_size=2,
        tie_word_embeddings=r.maybe(0.7),
    )


def join(sees, encoder, decoder, vocab, pad):
    cls = transformers.VisionEncoderDecoderModel if sees else transformers.EncoderDecoderModel
    config = cls.config_class.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id = 3
    config.pad_token_id = pad
    config.eos_token_id = 2
    config.vocab_size = vocab
    config._attn_implementation = "eager"
    model = cls(config)
    model.set_attn_implementation("eager")
    return model
