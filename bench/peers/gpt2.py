"""GPT-2 in plain PyTorch, as it is usually written (Karpathy's nanoGPT), with keys and values of the past where asked for."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

HAS_FUSED_ATTENTION = hasattr(F, "scaled_dot_product_attention")


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

    def attend(self, x, hidden, past):
        batch, time, width = x.shape
        q, k, v = self.c_attn(x).split(width, dim=2)
        q, k, v = (t.view(batch, time, self.heads, width // self.heads).transpose(1, 2) for t in (q, k, v))
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        # After a past one position is fed at a time, which may see all keys.
        if HAS_FUSED_ATTENTION:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=past is None)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.shape[-1]))
            if past is None:
                scores = scores.masked_fill(hidden[:time, :time], float("-inf"))
            y = F.softmax(scores, dim=-1) @ v
        return self.attn_proj(y.transpose(1, 2).contiguous().view(batch, time, width)), (k, v)

    def forward(self, x, hidden, past=None):
        attended, present = self.attend(self.ln_1(x), hidden, past)
        x = x + attended
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh")), present


class GPT2(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["n_embd"]
        positions = config["n_positions"]
        eps = config.get("layer_norm_epsilon", 1e-5)
        self.wte = nn.Embedding(config["vocab_size"], width)
        self.wpe = nn.Embedding(positions, width)
        self.h = nn.ModuleList(Block(width, config["n_head"], eps) for _ in range(config["n_layer"]))
        self.ln_f = nn.LayerNorm(width, eps=eps)
        if not HAS_FUSED_ATTENTION:
            hidden = torch.ones(positions, positions, dtype=torch.bool).triu(1)
            self.register_buffer("hidden", hidden, persistent=False)
        self.apply(self.initialize)

    @staticmethod
    def initialize(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

    def hidden_states(self, ids, past=None):
        """The last hidden states, and the keys and values of every layer."""
        start = 0 if past is None else past[0][0].shape[2]
        x = self.wte(ids) + self.wpe(torch.arange(start, start + ids.shape[1], device=ids.device))
        presents = []
        for i, block in enumerate(self.h):
            x, present = block(x, getattr(self, "hidden", None), None if past is None else past[i])
            presents.append(present)
        return self.ln_f(x), presents

    def forward(self, ids):
        return F.linear(self.hidden_states(ids)[0], self.wte.weight)

    def next_token_logits(self, ids, past=None):
        x, past = self.hidden_states(ids, past)
        return F.linear(x[:, -1], self.wte.weight), past

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


def from_sizes(job, positions):
    """With random weights, in the sizes of a benchmark."""
    sizes = {"n_embd": "hidden", "n_layer": "layers", "n_head": "heads", "vocab_size": "vocab"}
    return GPT2({"n_positions": positions, **{key: job[name] for key, name in sizes.items()}})
