// libtorch as pip has it: Python's torch, alone, in a folder of the user's cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { libtorchIn } from './libtorch.mjs';
import { run, SetupError, say, seconds } from './system.mjs';

function cacheFolder() {
  const base =
    process.env.XDG_CACHE_HOME ??
    (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(base, 'tslm');
}

const pip = args => spawnSync('python3', ['-m', 'pip', ...args], { encoding: 'utf8' });

/** The version that pip would install, without fetching more than it must. */
function versionOfPip() {
  const { status, stdout, stderr, error } = pip([
    ...['install', '--quiet', '--dry-run', '--ignore-installed', '--no-deps', '--target', join(cacheFolder(), 'torch')],
    ...['--report', '-', 'torch'],
  ]);
  if (error || /No module named pip/.test(stderr)) {
    throw new SetupError('--from-pip needs python3 with pip: sudo apt-get install python3-pip, or python.org');
  }
  if (status !== 0) throw new SetupError(`pip finds no torch: ${stderr.trim().split('\n').at(-1)}`);
  return JSON.parse(stdout).install[0].metadata.version;
}

/** @throws SetupError when pip has none, or on Linux x64 one for CUDA, which does not load without gigabytes beside it */
export function libtorchFromPip() {
  const version = versionOfPip();
  if (process.platform === 'linux' && process.arch === 'x64' && !version.endsWith('+cpu')) {
    throw new SetupError(
      `pip would install torch ${version}, which is built for CUDA: set PIP_INDEX_URL to PyTorch's index for CPUs (pytorch.org, Get Started, names it); or pip install torch, and \`--libtorch\` with its folder`,
    );
  }
  const folder = join(cacheFolder(), `torch-${version}`);
  if (!existsSync(folder)) {
    say(`fetching torch ${version} with pip into ${folder}`);
    const start = performance.now();
    const unfinished = `${folder}.${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    try {
      run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', unfinished, `torch==${version}`]);
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
    say(`fetched in ${seconds(start)}`);
  }
  return libtorchIn(folder, '--from-pip');
}
