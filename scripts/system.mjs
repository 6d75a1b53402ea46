// What set-up asks of the operating system: commands, Debian's packages, and what to install by hand elsewhere.
import { spawnSync } from 'node:child_process';

export const say = text => process.stderr.write(`setup: ${text}\n`);
export const seconds = since => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Something that a person can do something about; printed as it is. */
export class SetupError extends Error {}

/** Runs a command whose output is shown. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (result.error?.code === 'ENOENT') throw new SetupError(`the command '${command}' is missing`);
  if (result.status !== 0) throw new SetupError(`'${[command, ...args].join(' ')}' failed`);
}

export const succeeds = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** How to run a command as root: directly, through sudo, or not at all. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (succeeds('sudo', ['-n', 'true']) || (process.stdin.isTTY && succeeds('sudo', ['-V']))) return ['sudo'];
  return undefined;
}

/** Installs Debian packages; false when this is no Debian, or nobody lets us. */
export function aptInstall(packages, why) {
  const prefix = asRoot();
  if (!prefix || !succeeds('apt-get', ['--version'])) return false;
  say(`installing ${packages.join(' ')}: ${why}`);
  const start = performance.now();
  const apt = args => {
    const [command, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args];
    const result = spawnSync(command, rest, { stdio: [process.stdin.isTTY ? 'inherit' : 'ignore', 'ignore', 'pipe'] });
    if (result.status !== 0) process.stderr.write(result.stderr ?? '');
    return result.status === 0;
  };
  const done = apt(['update']) && apt(['install', '-y', '--no-install-recommends', ...packages]);
  say(done ? `installed in ${seconds(start)}` : `apt-get could not install ${packages.join(' ')}`);
  return done;
}

const MANAGERS = ['apt-get', 'dnf', 'pacman', 'zypper', 'apk'];
const manager = () => MANAGERS.find(name => succeeds(name, ['--version']));

/** How to get libtorch here. @param setup the command to run again */
export function libtorchAdvice(setup) {
  const byPip = `\`${setup} --from-pip\` (needs python3 with pip)`;
  const byFolder = `\`${setup} --libtorch FOLDER\` with a folder that has libtorch or Python's torch`;
  const own = {
    darwin: 'brew install pytorch',
    'apt-get': 'sudo apt-get install libtorch-dev libopenblas0-openmp',
    pacman: 'sudo pacman -S python-pytorch',
  }[process.platform === 'darwin' ? 'darwin' : manager()];
  return `${own ? `${own}; or ` : ''}${byPip}; or ${byFolder}`;
}

/** How to get a C++ compiler here. */
export function compilerAdvice() {
  if (process.platform === 'darwin') return 'xcode-select --install';
  return (
    {
      'apt-get': 'sudo apt-get install g++',
      dnf: 'sudo dnf install gcc-c++',
      pacman: 'sudo pacman -S gcc',
      zypper: 'sudo zypper install gcc-c++',
      apk: 'sudo apk add g++',
    }[manager()] ?? 'install g++ or clang'
  );
}

/** @throws SetupError on systems and versions of Node that the bridge is not made for */
export function requireSystem() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new SetupError(`Node.js ${process.versions.node} is too old: tslm needs 20.19 or newer`);
  }
  if (process.platform === 'win32') {
    throw new SetupError('the native bridge is built for Linux and macOS: use tslm in WSL (wsl --install)');
  }
}
