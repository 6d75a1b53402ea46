#!/usr/bin/env bash
# What a machine with an NVIDIA GPU makes of tslm, in a few minutes and without a network: the bridge compiled against the libtorch
# of its Python, the tests that compare a GPU with the CPU, then training, prompts and decoding beside PyTorch in turns.
#
#   bench/gpu-check.sh [PYTHON]      PYTHON has a torch with CUDA; default python3
#
# Every step says when it began. One that fails is named, and the others go on; the exit code is the number of those that failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export TSLM_PYTHON=${1:-python3}
TSLM_LIBTORCH=$("$TSLM_PYTHON" -c 'import torch, os; print(os.path.dirname(torch.__file__))') || exit 1
export TSLM_LIBTORCH
failed=0
step() {
  local name=$1
  shift
  echo "== $name, after ${SECONDS} s"
  "$@" || { echo "== $name FAILED ($?)" && failed=$((failed + 1)); }
}
GPT2_124M='--layers 12 --hidden 768 --heads 12 --vocab 50257 --device cuda --peer'

step 'machine' nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
step 'set-up' node scripts/setup.mjs
[ "$failed" = 0 ] || exit 1
step 'tests' node node_modules/vitest/vitest.mjs run test/torch/gpu.test.ts test/nn/device-pages.test.ts test/models/gpu.test.ts test/train/gpu.test.ts \
  test/generate/gpu.test.ts test/objectives/every-pair.test.ts -t "GPU|cuda" --reporter=default
step 'training 124M beside PyTorch' bin/tslm bench train $GPT2_124M --batch 16 --seq 1024 --steps 10
step 'training 124M beside PyTorch, compiled' bin/tslm bench train $GPT2_124M --batch 16 --seq 1024 --steps 10 --compile
step 'training 14M beside PyTorch' bin/tslm bench train --device cuda --peer --steps 20
step 'reading prompts' bin/tslm bench prefill $GPT2_124M --batch 8 --seq 1024
step 'decoding' bin/tslm bench generate $GPT2_124M --prompt 512 --tokens 128
step 'decoding 32 texts' bin/tslm bench generate $GPT2_124M --prompt 512 --tokens 128 --batch 32
echo "== done after ${SECONDS} s, $failed failed"
exit "$failed"
