"""
lm-evaluation-harness, unmodified, on tasks in a folder: with a model of a server (`local-completions`), or with Transformers as its
model (`hf`). Prints one JSON object: results by task, and the seconds that asking the model took.

    python lm_eval_tasks.py --tasks FOLDER --names a,b --tokenizer MODEL --base-url http://127.0.0.1:8080/v1/completions --model NAME
    python lm_eval_tasks.py --tasks FOLDER --names a,b --hf MODEL
"""

import argparse
import json
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", required=True)
    parser.add_argument("--names", required=True)
    parser.add_argument("--tokenizer")
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--hf")
    parser.add_argument("--batch", default="16")
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--limit", type=float)
    args = parser.parse_args()

    import lm_eval
    from lm_eval.models.api_models import TemplateAPI  # noqa: F401  (fails here where the extra is missing)
    from lm_eval.tasks import TaskManager

    if args.hf:
        kind, settings = "hf", {"pretrained": args.hf, "device": "cpu", "dtype": "float32"}
    else:
        kind = "local-completions"
        settings = {
            "model": args.model,
            "base_url": args.base_url,
            "tokenizer": args.tokenizer,
            "tokenizer_backend": "huggingface",
            "max_length": args.max_length,
            "num_concurrent": 1,
        }
    manager = TaskManager(include_path=args.tasks, include_defaults=False)
    start = time.perf_counter()
    out = lm_eval.simple_evaluate(
        model=kind,
        model_args=settings,
        tasks=args.names.split(","),
        task_manager=manager,
        batch_size=int(args.batch),
        limit=args.limit,
        bootstrap_iters=0,
        log_samples=False,
    )
    seconds = time.perf_counter() - start
    results = {
        task: {key: value for key, value in row.items() if isinstance(value, (int, float)) and "stderr" not in key}
        for task, row in out["results"].items()
    }
    json.dump({"results": results, "seconds": seconds}, sys.stdout)


main()
