"""Opens the adapters that bench/adapters.ts wrote with PEFT, and compares logits: python open_adapters.py FOLDER"""

import sys
import warnings
from pathlib import Path

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
# PEFT 0.21 asks encoder-decoders for a method that transformers 5.18 has renamed.
if not hasattr(transformers.GenerationMixin, "_prepare_encoder_decoder_kwargs_for_generation"):
    transformers.GenerationMixin._prepare_encoder_decoder_kwargs_for_generation = (
        transformers.GenerationMixin._prepare_text_encoder_decoder_kwargs_for_generation
    )

CLASSES = {
    "bert": transformers.AutoModelForSequenceClassification,
    "t5": transformers.AutoModelForSeq2SeqLM,
}

worst, compared, failed = 0.0, 0, []
for base in sorted(Path(sys.argv[1]).glob("*/base")):
    kind = base.parent.name
    for folder in sorted(path.parent for path in base.parent.glob("*/here.safetensors")):
        here = load_file(folder / "here.safetensors")
        model = CLASSES.get(kind, transformers.AutoModelForCausalLM).from_pretrained(base, attn_implementation="eager")
        model = PeftModel.from_pretrained(model, folder).eval()
        ids = here["input_ids"]
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if kind == "t5":
            inputs["decoder_input_ids"] = ids
        with torch.no_grad():
            logits = model(**inputs).logits
        difference = (logits - here["logits"]).abs().max().item() if logits.shape == here["logits"].shape else float("inf")
        compared += 1
        worst = max(worst, difference)
        if not difference < 1e-4:
            failed.append(f"{kind}/{folder.name}")
        print(f"{kind}/{folder.name:20} {difference:.1e}")
print(f"{compared} adapters opened by PEFT, largest difference of logits {worst:.1e}; apart: {', '.join(failed) or 'none'}")
sys.exit(bool(failed))
