// Prebuilt bridges: packages named for platform, processor and libtorch (`tslm-bridge-linux-x64-libtorch-2.6`), each with a
// tslm.node that looks for libtorch in `libtorch` beside itself. One that was made from the same sources and loads here is
// taken in place of compiling.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sourcesKey } from './bridge.mjs';

/** `1.13` of `1.13.0`, `2.13` of `2.13.0+cpu`: what the binary interface goes with. */
const series = version => version.split('.').slice(0, 2).join('.');

/** The package that has the bridge for this machine and this libtorch. */
export const prebuiltName = libtorch =>
  `tslm-bridge-${process.platform}-${process.arch}-libtorch-${series(libtorch.version)}`;

/** The package's manifest and folder, from beside tslm or from the project at hand. */
function resolvePackage(name, root) {
  for (const base of [root, process.cwd()]) {
    try {
      const path = createRequire(join(base, 'package.json')).resolve(`${name}/package.json`);
      return { folder: dirname(path), manifest: JSON.parse(readFileSync(path, 'utf8')) };
    } catch {
      // not installed there
    }
  }
  return undefined;
}

/** Whether Node loads the addon, and why not. */
function loads(addon) {
  const { status, stderr } = spawnSync(process.execPath, ['-e', 'require(process.argv[1]).runtimeInfo()', addon], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : (stderr.match(/Error: (.*)/)?.[1] ?? `it ends with status ${status}`);
}

/**
 * Takes the prebuilt bridge into build/.
 *
 * @returns whether there is one that fits; `say` is told why one does not
 */
export function takePrebuilt(plan, root, say) {
  const { libtorch, addon, record, key } = plan;
  const name = prebuiltName(libtorch);
  const found = resolvePackage(name, root);
  if (!found) return false;
  const made = found.manifest.bridge;
  if (made?.sources !== sourcesKey(root) || made.abi !== libtorch.abi) {
    say(`${name} ${found.manifest.version} was made from other sources than this tslm: the bridge is compiled instead`);
    return false;
  }
  mkdirSync(dirname(addon), { recursive: true });
  const place = join(dirname(addon), 'libtorch');
  rmSync(place, { force: true });
  symlinkSync(libtorch.lib, place, 'dir');
  const candidate = `${addon}.new.node`; // Node loads no other ending
  copyFileSync(join(found.folder, 'tslm.node'), candidate);
  const why = loads(candidate);
  if (why !== undefined) {
    rmSync(candidate);
    say(`${name} does not load here (${why}): the bridge is compiled instead`);
    return false;
  }
  renameSync(candidate, addon);
  const { compiler, flags } = made;
  writeFileSync(record, `${JSON.stringify({ key, libtorch, compiler, flags, prebuilt: name }, null, 2)}\n`);
  say(`took the prebuilt bridge of ${name}, for libtorch ${libtorch.version} (${libtorch.source}: ${libtorch.lib})`);
  return true;
}
