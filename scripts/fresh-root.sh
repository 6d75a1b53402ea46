#!/usr/bin/env bash
# The path of a stranger on a system where nothing is installed: a fresh root of Debian, a Node.js from npm's package `node`, the
# packed package in an empty project, set-up, and a model trained from a program and opened again.
#
#   scripts/fresh-root.sh SUITE NODE [FOLDER]     as root: scripts/fresh-root.sh bookworm 20.19; trixie 24
#
# SUITE: bookworm (12) or trixie (13). Roots are kept under FOLDER (default: tslm-roots in the system's temporary folder), each as it
# was before the first test. With BRIDGE=1 the bridge that was compiled there is packed into FOLDER, and a second project takes it.
set -euo pipefail
suite=$1 node=$2 folder=$(realpath -m "${3:-${TMPDIR:-/tmp}/tslm-roots}")
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$folder"
step() { echo "fresh-root: $suite, Node $node: $1, after ${SECONDS} s" >&2; }

base=$folder/$suite.tar
if [ ! -e "$base" ]; then
  step 'debootstrap'
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder/$suite.new" >&2
  tar -C "$folder/$suite.new" -cf "$base.new" . && mv "$base.new" "$base"
  rm -rf "$folder/$suite.new"
fi
root=$folder/$suite-$node
umount "$root/proc" 2>/dev/null || true
rm -rf "$root" && mkdir -p "$root"
tar -C "$root" -xf "$base"
trap 'umount "$root/proc" 2>/dev/null || true; [ -n "${KEEP:-}" ] || rm -rf "$root"' EXIT
mount -t proc proc "$root/proc" 2>/dev/null || mount --bind /proc "$root/proc"
# Names and certificates are this machine's; npm asks where this machine asks.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
mkdir -p "$root/etc/ssl/certs" && cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/here.crt"
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"

step 'Node.js and the package'
mkdir -p "$root/opt/node" "$root/app"
# The binary alone: what the package `node` would fetch when it is installed.
binary=$(npm view "node@$node" version --json | grep -o '[0-9.]*[0-9]' | sort -V | tail -1)
npm install --silent --no-audit --no-fund --prefix "$root/opt/node" "node-$(uname -s | tr A-Z a-z)-$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/')@$binary" npm@10 >&2
mkdir -p "$root/opt/node/node_modules/.bin"
ln -sfn ../"$(cd "$root/opt/node/node_modules" && ls -d node-*)"/bin/node "$root/opt/node/node_modules/.bin/node"
(cd "$here" && npm pack --silent --ignore-scripts --pack-destination "$root/app") >&2
cat >"$root/app/train.mjs" <<'PROGRAM'
import { readFileSync } from 'node:fs';
import { train } from 'tslm';
const texts = readFileSync('node_modules/tslm/README.md', 'utf8').split('\n\n');
const run = await train({ texts, out: 'runs/first', model: { layers: 1, hidden: 32, context: 32 }, vocabSize: 300, steps: 20, batchSize: 4 });
console.log((await run.evaluate('test')).bitsPerByte);
const model = await run.open();
console.log(await model.text('The cat', { maxTokens: 8 }));
await model.dispose();
PROGRAM
inside() {
  chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/opt/node/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin \
    npm_config_registry="$(npm config get registry)" NODE_EXTRA_CA_CERTS=/etc/ssl/certs/here.crt npm_config_cafile=/etc/ssl/certs/here.crt \
    bash -euc "cd ${IN:-/app} && $1"
}
inside 'node --version; npm init -y >/dev/null; npm install --no-audit --no-fund ./tslm-*.tgz'
step 'set-up'
inside 'npx tslm setup && npx tslm doctor'
step 'a program'
inside 'node train.mjs'
inside 'npx tslm generate runs/first --prompt "The dog" --max-new-tokens 8'
if [ -n "${BRIDGE:-}" ]; then
  step 'a prebuilt bridge'
  inside 'node node_modules/tslm/scripts/pack-bridge.mjs --out /bridge'
  cp "$root"/bridge/*.tgz "$folder"
  mkdir -p "$root/second"
  IN=/second inside 'npm init -y >/dev/null; npm install --no-audit --no-fund /app/tslm-*.tgz /bridge/*.tgz; CXX=none npx tslm setup; npx tslm doctor --json >/dev/null'
fi
step 'done'
