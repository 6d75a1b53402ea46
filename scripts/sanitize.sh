#!/usr/bin/env bash
# The tests of tensors and of the engine with a bridge that watches itself: addresses, undefined behaviour, both, or threads.
#
#   scripts/sanitize.sh address|undefined|address,undefined|thread [TESTS …]
#
# The bridge is compiled with GCC into build/sanitize-…; Node.js and libtorch are as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?address, undefined, address,undefined or thread}
shift
export TSLM_SANITIZE=$kind
node scripts/setup.mjs

runtime() { "${CXX:-c++}" -print-file-name="lib$1.so"; }
start=()
# The runtime comes before everything that allocates or locks.
case $kind in
  address*)
    LD_PRELOAD=$(runtime asan)
    # Leaks are not looked for: V8 and libtorch keep much to the end of the process.
    export LD_PRELOAD ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS:-}
    ;;
  thread)
    LD_PRELOAD=$(runtime tsan)
    # What it does not see into, Node.js and libtorch, has locks that it does not know: races within them alone are left out.
    export LD_PRELOAD TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=$PWD/scripts/thread-sanitizer.txt:${TSAN_OPTIONS:-}
    start=(setarch -R) # it wants memory at fixed places
    ;;
esac
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(test/torch test/engine/local-engine.test.ts)
"${start[@]}" node node_modules/vitest/vitest.mjs run --maxWorkers 1 "${tests[@]}"
