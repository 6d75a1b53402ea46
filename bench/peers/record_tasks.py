"""Records what Transformers' pipelines give for the models below a folder: python record_tasks.py test/fixtures/tasks

Question answering and the whole of what overflows need transformers 4 (recorded with 4.57.6 and tokenizers 0.22.2).
"""

import json
import sys
from pathlib import Path

import tokenizers
import torch
import transformers
from transformers import pipeline

SENTENCE = "🙂 Unloving Ann Lee met a happy dog in New York."
LONG = " ".join(f"{SENTENCE} Where is the cat? Lee sat on the mat in Paris." for _ in range(4))
CONTEXT = "Ann met Lee in Paris. The unloving dog sat on the mat in New York."
LONG_CONTEXT = " ".join(["The cat sat on a mat in Berlin."] * 8 + [CONTEXT])


def text_classification(folder):
    classify = pipeline("text-classification", folder, top_k=None, device="cpu")
    texts = ["the cat sat on the mat.", "unhappy", {"text": "where is Ann?", "text_pair": "Ann is in Paris."}]
    return [{"input": text, "labels": classify([text])[0]} for text in texts]


def token_classification(folder):
    cases = []
    for aggregation in ["none", "simple", "first", "average", "max"]:
        find = pipeline("token-classification", folder, aggregation_strategy=aggregation, device="cpu", ignore_labels=[])
        cases.append({"text": SENTENCE, "aggregation": aggregation, "entities": find(SENTENCE)})
    for aggregation in ["simple", "first", "average"]:
        find = pipeline("token-classification", folder, aggregation_strategy=aggregation, device="cpu", stride=8)
        cases.append({"text": LONG, "aggregation": aggregation, "stride": 8, "entities": find(LONG)})
    return cases


def question_answering(folder):
    answer = pipeline("question-answering", folder, device="cpu")
    kinds = [
        {"question": "Where is Ann?", "context": CONTEXT, "top_k": 5},
        {"question": "Where is Ann?", "context": CONTEXT, "top_k": 5, "align_to_words": False, "max_answer_len": 3},
        {"question": "Who sat on the mat?", "context": LONG_CONTEXT, "top_k": 8, "max_seq_len": 40, "doc_stride": 12},
        {"question": "Who sat?", "context": CONTEXT, "top_k": 40, "handle_impossible_answer": True},
        {"question": "Who sat?", "context": f"🙂 {CONTEXT}", "top_k": 1},
    ]
    return [{**kind, "answers": answer(**kind)} for kind in kinds]


def plain(value):
    """Numbers of numpy and torch as those of JSON."""
    return value.item() if hasattr(value, "item") else str(value)


root = Path(sys.argv[1])
recorded = {
    "versions": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "torch": torch.__version__},
    "text-classification": text_classification(str(root / "text-classification")),
    "token-classification": token_classification(str(root / "token-classification")),
    "question-answering": question_answering(str(root / "question-answering")),
}
(root / "expected.json").write_text(json.dumps(recorded, ensure_ascii=False, indent=1, default=plain) + "\n")
