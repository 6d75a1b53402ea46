"""Plain PyTorch: the training of a GPT-2 as it is usually written, to compare losses with.

Reads a job (JSON on standard input): a model folder in Hugging Face's layout, a file of int32 windows
[steps, batch, context + 1], and the optimizer's settings. Prints the losses as JSON. Needs torch and numpy alone.
"""

import json
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from gpt2 import GPT2


def load_safetensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        assert entry["dtype"] == "F32"
        array = np.frombuffer(data[begin:end], dtype=np.float32).reshape(entry["shape"]).copy()
        tensors[name] = torch.from_numpy(array)
    return tensors


job = json.load(sys.stdin)
torch.set_num_threads(job["threads"])
config = json.load(open(job["model"] + "/config.json"))
model = GPT2(config)
model.load(load_safetensors(job["model"] + "/model.safetensors"))
windows = torch.from_numpy(np.fromfile(job["windows"], dtype=np.int32).astype(np.int64))
windows = windows.view(len(job["lr"]), -1, config["n_positions"] + 1)
decayed = [p for p in model.parameters() if p.dim() >= 2]
others = [p for p in model.parameters() if p.dim() < 2]
groups = [{"params": decayed, "weight_decay": job["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, betas=tuple(job["betas"]), eps=job["eps"])
losses = []
for step, lr in enumerate(job["lr"]):
    for group in optimizer.param_groups:
        group["lr"] = lr
    logits = model(windows[step, :, :-1])
    loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), windows[step, :, 1:].reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), job["clipGradNorm"])
    optimizer.step()
    losses.append(loss.item())
print(json.dumps({"torch": torch.__version__, "losses": losses}))
