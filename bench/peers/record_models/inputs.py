"""Random inputs: ids, masks, labels; and the options that all families share."""

import torch

ACTIVATIONS = [
    "gelu",
    "gelu_new",
    "gelu_pytorch_tanh",
    "gelu_fast",
    "quick_gelu",
    "relu",
    "relu2",
    "relu6",
    "leaky_relu",
    "silu",
    "swish",
    "mish",
    "tanh",
    "sigmoid",
    "linear",
    "laplace",
    "gelu_python",
    "gelu_10",
    "gelu_accurate",
]

# The label that a loss leaves out.
IGNORED = torch.tensor(-100)


def random_ids(r, batch, time, vocab, avoid=()):
    allowed = [i for i in range(vocab) if i not in avoid]
    return torch.tensor([[r.choice(allowed) for _ in range(time)] for _ in range(batch)])


def random_mask(r, batch, time, left=False, least=1):
    """Padding in every row but the first, on the right or on the left; at least `least` positions stay."""
    mask = torch.ones(batch, time, dtype=torch.long)
    for row in range(1, batch):
        padding = r.randint(0, time - least)
        if padding:
            (mask[row, :padding] if left else mask[row, time - padding :]).zero_()
    return mask


def padded(ids, mask, pad):
    return torch.where(mask.bool(), ids, torch.full_like(ids, 0 if pad is None else pad))


def random_positions(r, batch, time, first, last):
    return torch.tensor([sorted(r.sample(range(first, last), time)) for _ in range(batch)])


def label_config(r):
    """num_labels and problem_type of a sequence classifier; the kind of problem may be left to the labels."""
    kind = r.choice(["two", "many", "one", "regression", "multi", "single"])
    if kind == "two":
        return {}
    if kind == "one":
        return {"num_labels": 1}
    problem_types = {
        "many": None,
        "regression": "regression",
        "multi": "multi_label_classification",
        "single": "single_label_classification",
    }
    return {"num_labels": r.randint(2, 5), "problem_type": problem_types[kind]}


def task_config(r, task):
    if task == "sequence":
        return label_config(r)
    if task == "token":
        return {"num_labels": r.randint(2, 4)}
    return {}


def sequence_labels(config, batch):
    count, problem = config.num_labels, config.problem_type
    if problem == "regression" or (problem is None and count == 1):
        return torch.randn(batch, count) if count > 1 else torch.randn(batch)
    if problem == "multi_label_classification":
        return torch.randint(0, 2, (batch, count)).float()
    return torch.randint(0, count, (batch,))


def token_labels(config, mask):
    return torch.where(mask.bool(), torch.randint(0, config.num_labels, mask.shape), IGNORED)


def span_labels(batch, time):
    """Starts and ends of answers; an end beyond the text is left out of the loss."""
    return {
        "start_positions": torch.randint(0, time, (batch,)),
        "end_positions": torch.randint(0, time + 3, (batch,)),
    }
