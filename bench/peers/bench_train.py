"""Training steps of a random GPT-2 in plain PyTorch: autocast, clipped gradients, the fastest AdamW that this torch has."""

import torch
import torch.nn.functional as F
from gpt2 import from_sizes
from steps import answer_steps, read_job

job = read_job()
device = job["device"]
model = from_sizes(job, job["seq"]).to(device)
forward = torch.compile(model) if job.get("compile") else model


def groups():
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    return [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]


def adamw():
    # Older versions do not know `fused`, or refuse it on the CPU. One that refuses has written into the groups.
    for fastest in ({"fused": True}, {"foreach": True}):
        try:
            return torch.optim.AdamW(groups(), lr=1e-4, betas=(0.9, 0.95), **fastest)
        except (TypeError, RuntimeError):
            continue
    return torch.optim.AdamW(groups(), lr=1e-4, betas=(0.9, 0.95))


optimizer = adamw()


def windows():
    return torch.randint(job["vocab"], (job["batch"], job["seq"] + 1))


def step(tokens):
    tokens = tokens.to(device)
    with torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=job["dtype"] == "bf16"):
        logits = forward(tokens[:, :-1])
        loss = F.cross_entropy(logits.view(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


answer_steps(windows, step, device)
