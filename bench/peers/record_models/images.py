"""ViT: images that may be oblong, patches of any size, an interpolated grid for other sizes."""

import torch
import transformers
from inputs import ACTIVATIONS, label_config, sequence_labels
from spec import Case, Spec
from weights import fill


def draw(family, r):
    classifies = r.choice(["sequence", "backbone"]) == "sequence"
    cls = transformers.ViTForImageClassification if classifies else transformers.ViTModel
    options, size, patch = draw_vit_config(r)
    options["attn_implementation"] = "eager"
    if classifies:
        options.update(label_config(r))
    config = transformers.ViTConfig(**options)
    model = cls(config)
    fill(model, r)

    batch, channels = r.randint(1, 3), options["num_channels"]
    images = torch.randn(batch, channels, *size)
    labels = {"labels": sequence_labels(config, batch)} if classifies else {}
    cases = [
        Case("plain", {"pixel_values": images}),
        Case("labels", {"pixel_values": images * 2, **labels}),
    ]
    others = torch.randn(batch, channels, patch * r.randint(1, 5), patch * r.randint(1, 5))
    # Transformers interpolates square grids only.
    if size[0] == size[1]:
        cases.append(Case("other_size", {"pixel_values": others}, {"interpolate_pos_encoding": True}))
    attentions = r.maybe()
    return Spec(model, cases, attentions, grad={"pixel_values": images, **labels} if classifies else None)


def draw_vit_config(r):
    """The configuration's options, the images' height and width, the side of a patch."""
    heads = r.choice([1, 2, 3])
    hidden = heads * r.choice([2, 4, 6])
    patch = r.choice([2, 3, 4])
    size = [patch * r.randint(1, 3), patch * r.randint(1, 3)]
    # Drawn and not used: a seed keeps its model.
    r.maybe(0.3)
    options = {
        # A square may be given by one number.
        "image_size": size if size[0] != size[1] or r.maybe(0.3) else size[0],
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_hidden_layers": r.choice([1, 2]),
        "intermediate_size": r.choice([9, 20]),
        "hidden_act": r.choice(ACTIVATIONS),
        "patch_size": patch,
        "num_channels": r.choice([1, 3, 4]),
        "qkv_bias": r.maybe(),
        "layer_norm_eps": r.choice([1e-12, 1e-3]),
    }
    if r.maybe():
        options["pooler_output_size"] = r.choice([None, 5])
        options["pooler_act"] = r.choice(["tanh", "relu", "gelu"])
    return options, size, patch
