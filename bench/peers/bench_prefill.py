"""Reading a prompt with a random GPT-2 in plain PyTorch: keys and values, and the logits of the last position."""

import torch
from gpt2 import from_sizes
from steps import answer_steps, read_job

job = read_job()
device = job["device"]
dtype = torch.bfloat16 if job["dtype"] == "bf16" else torch.float32
model = from_sizes(job, job["seq"]).to(device, dtype).eval()
prompts = torch.randint(job["vocab"], (job["batch"], job["seq"])).to(device)


@torch.inference_mode()
def step(prompts):
    return model.next_token_logits(prompts)


answer_steps(lambda: prompts, step, device)
