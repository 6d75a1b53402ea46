#!/usr/bin/env bash
# The tests of tensors and of the engine with a bridge that watches itself: addresses, undefined behaviour, or both.
#
#   scripts/sanitize.sh address|undefined|address,undefined [TESTS …]
#
# The bridge is compiled with GCC into build/sanitize-…; Node.js and libtorch are as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?address, undefined or address,undefined}
shift
export TSLM_SANITIZE=$kind
node scripts/setup.mjs

if [[ $kind == address* ]]; then
  # The runtime comes before everything that allocates. Leaks are not looked for: V8 and libtorch keep much to the end of the process;
  # a test that asks for too much memory is refused, as elsewhere, and bus errors are ours (native/mapped_files.cc).
  LD_PRELOAD=$("${CXX:-c++}" -print-file-name=libasan.so)
  export LD_PRELOAD ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:handle_sigbus=0:${ASAN_OPTIONS:-}
fi
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(test/torch test/engine/local-engine.test.ts)
node node_modules/vitest/vitest.mjs run --maxWorkers 1 "${tests[@]}"
