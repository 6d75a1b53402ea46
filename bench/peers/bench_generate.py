"""Greedy decoding with a random GPT-2 in plain PyTorch; the prompt and the first token after it are not timed."""

import torch
from gpt2 import from_sizes
from steps import answer_steps, read_job

job = read_job()
device = job["device"]
dtype = torch.bfloat16 if job["dtype"] == "bf16" else torch.float32
model = from_sizes(job, job["prompt"] + job["tokens"]).to(device, dtype).eval()
prompts = torch.randint(job["vocab"], (job["batch"], job["prompt"])).to(device)


@torch.inference_mode()
def read_prompts():
    return model.next_token_logits(prompts)


@torch.inference_mode()
def decode(start):
    logits, past = start
    tokens = [logits.argmax(-1, keepdim=True)]
    for _ in range(job["tokens"] - 1):
        logits, past = model.next_token_logits(tokens[-1], past)
        tokens.append(logits.argmax(-1, keepdim=True))
    return torch.cat(tokens, dim=1)


answer_steps(read_prompts, decode, device)
