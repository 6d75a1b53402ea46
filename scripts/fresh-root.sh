#!/usr/bin/env bash
# The path of a stranger on a system where nothing is installed: a fresh root of Debian, a Node.js from npm's package `node`, and in an
# empty folder every command of docs/TUTORIAL.md, from `npm install` of the packed package to a model that is served and learns.
#
#   scripts/fresh-root.sh SUITE NODE [FOLDER]     as root: scripts/fresh-root.sh bookworm 20.19; trixie 24
#
# SUITE: bookworm (12) or trixie (13). Roots are kept under FOLDER (default: tslm-roots in the system's temporary folder), each as it
# was before the first test; what the commands printed is kept beside them as SUITE-NODE.txt. With BRIDGE=1 the bridge that was compiled
# there is packed into FOLDER, and a second project takes it. With PREBUILT=FILE such a bridge is installed with tslm, and nothing is
# compiled. With QUICK=1 the model is pretrained for half a minute.
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
ln -sfn "node_modules/$(cd "$root/opt/node/node_modules" && ls -d node-*)" "$root/opt/node/headers" # what node-gyp would fetch
mkdir -p "$root/package"
(cd "$here" && npm pack --silent --ignore-scripts --pack-destination "$root/package") >&2
cp "$here/scripts/run-page.mjs" "$here/docs/TUTORIAL.md" "$root/package"
inside() {
  chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/opt/node/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin \
    npm_config_registry="$(npm config get registry)" NODE_EXTRA_CA_CERTS=/etc/ssl/certs/here.crt npm_config_cafile=/etc/ssl/certs/here.crt \
    npm_config_nodedir=/opt/node/headers npm_config_update_notifier=false \
    bash -euc "cd ${IN:-/app} && $1"
}
# better-sqlite3 takes its binary from GitHub; where that cannot be reached it is compiled, with the headers that lie beside this Node.js.
if ! inside 'node -e "fetch(\"https://github.com\").catch(() => process.exit(1))"' 2>/dev/null; then
  step 'compilers'
  inside 'apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 make g++' >/dev/null
fi
step 'the tutorial'
[ -z "${PREBUILT:-}" ] || cp "$PREBUILT" "$root/package"
inside "node --version && node /package/run-page.mjs /package/TUTORIAL.md ${QUICK:+--replace 'train.budget=4m => train.budget=30s'} \\
  --replace \"npm install tslm => npm install --no-audit --no-fund \$(ls /package/*.tgz | xargs)\"" |
  tee "$folder/$suite-$node.txt"
if [ -n "${BRIDGE:-}" ]; then
  step 'a prebuilt bridge'
  inside 'node node_modules/tslm/scripts/pack-bridge.mjs --out /bridge'
  cp "$root"/bridge/*.tgz "$folder"
  mkdir -p "$root/second"
  IN=/second inside 'npm init -y >/dev/null; npm install --no-audit --no-fund /package/tslm-*.tgz /bridge/*.tgz; CXX=none npx tslm setup; npx tslm doctor --json >/dev/null'
fi
step 'done'
