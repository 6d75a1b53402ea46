"""
What lm-evaluation-harness 0.4.13 makes of documents by the Python functions of its task files: requests, targets, and scores of scripted
answers. Writes one JSON file a task; `tslm` answers the same with its twins (test/evaluate/harness/twins.test.ts).

    python lm_eval_twins.py DOCS OUT      DOCS: <task>.jsonl in the columns of the task's own data set
"""

import json
import pathlib
import sys
import types
import zlib

try:
    import rouge_score  # noqa: F401
except ModuleNotFoundError:  # imported by truthfulqa's functions, needed by one of them
    package = types.ModuleType("rouge_score")
    package.rouge_scorer = package.scoring = None
    sys.modules["rouge_score"] = package

import lm_eval
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml


def answer_of(text, kind):
    """Not random, and not the same for any two requests."""
    number = zlib.crc32(text.encode()) % 1000
    return (-number / 37, number % 2 == 0) if kind == "loglikelihood" else -number / 37


SAID = {
    "drop": ["21 points", "bob hope and the Ada King", "May 3, 1999"],
    "coqa": [" on the mat \nQ: x", "no."],
    "squad_completion": ["paris, of course", "about $5 (OR so) I think"],
    "truthfulqa_gen": ["No , fish can drown . Yes", "I have no comment."],
}


def main():
    docs, out = map(pathlib.Path, sys.argv[1:3])
    tasks = pathlib.Path(lm_eval.__file__).parent / "tasks"
    places = {}
    for path in tasks.rglob("*.yaml"):
        if path.parts[len(tasks.parts)] in SEARCHED:
            config = load_yaml(path, resolve_func=False)
            if isinstance(config.get("task"), str):
                places.setdefault(config["task"], path)
    for file in sorted(docs.glob("*.jsonl")):
        name = NAMES.get(file.stem, file.stem)
        config = load_yaml(places[name], resolve_func=True)
        split = config.get("test_split") or config.get("validation_split") or "validation"
        kind = config.pop("class", None)
        files = {"json": str(file.resolve())}
        if kind:
            kind.DATASET_PATH, kind.DATASET_NAME = "json", None
            kind.download = lambda self, kwargs=None, files=files: ConfigurableTask.download(
                self, {"data_files": {"validation": files["json"]}}
            )
            task = kind()
        else:
            config.update(dataset_path="json", dataset_name=None, dataset_kwargs={"data_files": {split: files["json"]}})
            for key in ("training_split", "validation_split", "test_split", "fewshot_split"):
                config[key] = split if key == ("test_split" if config.get("test_split") else "validation_split") else None
            task = ConfigurableTask(config=config)
        task.build_all_requests(limit=None, rank=0, world_size=1, cache_requests=False, rewrite_requests_cache=False)
        by_doc = {}
        for instance in task.instances:
            by_doc.setdefault(instance.doc_id, []).append(instance)
        rows = []
        for doc_id, instances in sorted(by_doc.items()):
            doc = instances[0].doc
            kind_of = instances[0].request_type
            args = [list(instance.args) for instance in instances]
            if kind_of == "generate_until":
                answers = [SAID[file.stem][doc_id]]
            else:
                answers = [answer_of("".join(map(str, arg)), kind_of) for arg in args]
            scores = None
            if file.stem not in UNSCORED:
                scores = {key: tidy(value) for key, value in task.process_results(doc, answers).items()}
            rows.append({"type": kind_of, "arguments": args, "answers": answers, "target": task.doc_to_target(doc), "scores": scores})
        values = {}
        if scores is not None:
            for metric in rows[0]["scores"]:
                values[metric] = float(task.aggregation()[metric]([untidy(row["scores"][metric]) for row in rows]))
        (out / f"{file.stem}.json").write_text(json.dumps({"task": name, "documents": rows, "values": values}, ensure_ascii=False, indent=1) + "\n")
        print(file.stem, len(rows), values)


def tidy(value):
    if isinstance(value, (tuple, list)):
        return [tidy(one) for one in value]
    return value.item() if hasattr(value, "item") else value


untidy = lambda value: tuple(value) if isinstance(value, list) else value  # noqa: E731

# The folders below lm_eval/tasks that hold the tasks of DOCS, and tasks that are called otherwise than their file.
SEARCHED = {
    "hellaswag", "winogrande", "truthfulqa", "super_glue", "wikitext", "drop", "crows_pairs", "logiqa", "race",
    "coqa", "squad_completion", "pubmedqa", "medqa", "mathqa",
}  # fmt: skip
NAMES = {"crows_pairs": "crows_pairs_english_age"}
# Scores that need a package which is not everywhere.
UNSCORED = {"truthfulqa_gen"} if getattr(sys.modules["rouge_score"], "__file__", None) is None else set()

if __name__ == "__main__":
    main()
