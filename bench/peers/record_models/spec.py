"""What to record of a model: the inputs of its forward passes, of its gradients, of its generations."""

from dataclasses import dataclass, field

import torch

ATTENDED = "positions where attention_mask is 1"


@dataclass
class Case:
    """One forward pass; `compare` says where results count, if not everywhere."""

    name: str
    inputs: dict
    kwargs: dict = field(default_factory=dict)
    compare: str | None = None


@dataclass
class Generation:
    """One call of generate; with `uses_saved`, on top of what generation_config.json says."""

    name: str
    inputs: dict
    config: dict
    uses_saved: bool = False


@dataclass
class Spec:
    model: torch.nn.Module
    cases: list[Case]
    attentions: bool = False
    # Inputs with labels, for a loss and its gradients.
    grad: dict | None = None
    generations: list[Generation] = field(default_factory=list)
    # Segments of input ids, each of which sees the memory of those before.
    memory: list[torch.Tensor] | None = None
    # The folder's last part, where the model's class does not say enough.
    label: str | None = None
