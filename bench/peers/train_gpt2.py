"""Plain PyTorch: the training of a GPT-2 as it is usually written, to compare losses with.

Reads a job (JSON on standard input): a model folder in Hugging Face's layout, a file of int32 windows
[steps, batch, context + 1], and the optimizer's settings. Prints the losses as JSON. Needs torch and numpy alone.
"""

import json
import math
import struct
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


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


class Block(nn.Module):
    def __init__(self, width, heads, eps):
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width, eps=eps)
        self.c_attn = nn.Linear(width, 3 * width)
        self.attn_proj = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width, eps=eps)
        self.c_fc = nn.Linear(width, 4 * width)
        self.mlp_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = self.c_attn(self.ln_1(x)).split(width, dim=2)
        q, k, v = (t.view(batch, time, self.heads, -1).transpose(1, 2) for t in (q, k, v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(width // self.heads)
        hidden = torch.ones(time, time, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        x = x + self.attn_proj((weights @ v).transpose(1, 2).reshape(batch, time, width))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class GPT2(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["n_embd"]
        eps = config.get("layer_norm_epsilon", 1e-5)
        self.wte = nn.Embedding(config["vocab_size"], width)
        self.wpe = nn.Embedding(config["n_positions"], width)
        self.h = nn.ModuleList(Block(width, config["n_head"], eps) for _ in range(config["n_layer"]))
        self.ln_f = nn.LayerNorm(width, eps=eps)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.T

    def load(self, tensors):
        names = {"attn.c_attn": "c_attn", "attn.c_proj": "attn_proj", "mlp.c_fc": "c_fc", "mlp.c_proj": "mlp_proj"}
        state = {}
        for key, tensor in tensors.items():
            key = key.replace("transformer.", "")
            for theirs, ours in names.items():
                if theirs in key:
                    key = key.replace(theirs, ours)
                    tensor = tensor.T if key.endswith("weight") else tensor
            state[key] = tensor.contiguous()
        self.load_state_dict(state)


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
