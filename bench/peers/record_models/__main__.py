"""Random models of every family, and what Hugging Face Transformers computes with them, as `bin/tslm verify` reads it.

    python3 bench/peers/record_models OUT llama,bert 0 20
    bin/tslm verify OUT/llama-0-LlamaForCausalLM

Makes a folder OUT/FAMILY-SEED-CLASS for each family and each seed from 0 to 19: a config.json drawn from all that the
family's configuration can say, random weights, golden.json and golden.safetensors. `all` stands for every family. The
same family and seed always give the same folder. A configuration that Transformers itself refuses is reported and
left out. Needs transformers 5 or later, torch, safetensors and numpy; `bench/verify-models.ts` verifies all folders.
"""

import os
import random
import shutil
import sys
import traceback
import warnings

# Before transformers is imported, which reads them then.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
warnings.filterwarnings("ignore")

import numpy as np
import torch
import transformers

import decoders
import encoder_decoders
import encoders
import images
import pairs
import xlnet
from record import record

FAMILIES = {
    **{family: decoders.draw for family in decoders.FAMILIES},
    **{family: encoders.draw for family in encoders.FAMILIES},
    "vit": images.draw,
    **{family: encoder_decoders.draw for family in encoder_decoders.FAMILIES},
    **{family: pairs.draw for family in pairs.FAMILIES},
    "xlnet": xlnet.draw,
}


class Random(random.Random):
    def maybe(self, probability=0.5):
        return self.random() < probability


def make(out, family, seed):
    r = Random(f"{family}{seed}")
    torch.manual_seed(r.randrange(1 << 30))
    # BigBird draws its random blocks with numpy.
    np.random.seed(seed)
    spec = FAMILIES[family](family, r)
    folder = f"{out}/{family}-{seed}-{spec.label or type(spec.model).__name__}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        record(spec, folder, r, like_transformers_4=r.maybe())
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    out, families, first, last = sys.argv[1:]
    # One thread, so that sums are made in the same order every time.
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    os.makedirs(out, exist_ok=True)
    for family in FAMILIES if families == "all" else families.split(","):
        for seed in range(int(first), int(last)):
            try:
                make(out, family, seed)
            except Exception as error:
                at = traceback.extract_tb(error.__traceback__)[-1]
                message = str(error)[:160].replace("\n", " ")
                where = f"{os.path.basename(at.filename)}:{at.lineno}"
                print("SKIP", family, seed, type(error).__name__, message, where, flush=True)


main()
