/**
 * Makes the package of a prebuilt bridge for this platform and a libtorch, and packs it:
 *
 *   node scripts/pack-bridge.mjs [--libtorch FOLDER] [--out FOLDER]
 *
 * Without --libtorch the one that set-up would take. Build on the oldest system that it is to run on: its C and C++ libraries
 * are the oldest that the bridge loads with. scripts/fresh-root.sh does so in Debian 12 and 13.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BESIDE_BRIDGE, compileBridge, planBridge, readRecord, sourcesKey } from './bridge.mjs';
import { findLibtorch, libtorchIn } from './libtorch.mjs';
import { prebuiltName } from './prebuilt.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { libtorch: { type: 'string' }, out: { type: 'string', default: '.' } } });
const libtorch = values.libtorch ? libtorchIn(values.libtorch, '--libtorch') : findLibtorch();
if (!libtorch) {
  process.stderr.write('pack-bridge: libtorch was not found; name its folder with --libtorch\n');
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'tslm-bridge-'));
try {
  const plan = planBridge(root, libtorch, { build: folder, runPath: BESIDE_BRIDGE });
  await compileBridge(plan, process.env.CXX ?? 'c++', text => process.stderr.write(`pack-bridge: ${text}\n`));
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { compiler, flags } = readRecord(plan.record);
  rmSync(plan.record);
  const name = prebuiltName(libtorch);
  const manifest = {
    name,
    version,
    description: `The native bridge of tslm for libtorch ${libtorch.version} on ${process.platform} ${process.arch}.`,
    license,
    os: [process.platform],
    cpu: [process.arch],
    files: ['tslm.node'],
    bridge: {
      sources: sourcesKey(root),
      abi: libtorch.abi,
      libtorch: libtorch.version,
      compiler,
      flags: flags.filter(flag => !/^-(I|isystem)/.test(flag)),
    },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(
    join(folder, 'README.md'),
    `# ${name}\n\nThe native bridge of tslm ${version}, compiled for libtorch ${libtorch.version}. \`npx tslm setup\` takes it in place of compiling.\n`,
  );
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: folder, encoding: 'utf8' });
  if (packed.status !== 0) throw new Error(packed.stderr);
  process.stdout.write(`${join(out, packed.stdout.trim())}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
