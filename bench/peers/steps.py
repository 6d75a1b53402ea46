"""How a peer talks: a job as its argument; each line `step` on standard input is answered with the seconds of one step."""

import json
import os
import resource
import sys
import time

import torch


def read_job():
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job.get("threads") or usable_processors())
    torch.manual_seed(1)
    return job


def usable_processors():
    # Of all processors of the machine, those that this process may use: more threads would only wait for each other.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def synchronize(device):
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def answer_steps(prepare, step, device):
    """`prepare` makes the input of a step, which is not timed. Between two lines nothing is computed."""
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        if line.strip() != "step":
            break
        prepared = prepare()
        synchronize(device)
        start = time.perf_counter()
        step(prepared)
        synchronize(device)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "peakMemoryBytes": peak}), flush=True)
