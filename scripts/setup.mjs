// Sets up whatever is missing and is quick when nothing is: npm packages, libtorch, the native bridge, dist/.
// Plain JavaScript without dependencies, because it runs before there are any. In a package that npm has installed, its
// dependencies, dist/ and the page are there already, and the bridge alone is compiled.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilerError, compileBridge, isCompiled, planBridge } from './bridge.mjs';
import { findLibtorch } from './libtorch.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isCheckout = existsSync(join(root, 'src'));
const inRoot = (...parts) => join(root, ...parts);
const say = text => process.stderr.write(`setup: ${text}\n`);
const seconds = since => `${((performance.now() - since) / 1000).toFixed(1)} s`;

class SetupError extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(`Node.js ${process.versions.node} is too old: tslm needs 20.19 or newer`);
}

function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex');
  const stamp = inRoot('node_modules', '.tslm-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing the npm packages of package-lock.json (compiler, test runner, readers of file formats)');
  const start = performance.now();
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
  say(`npm packages installed in ${seconds(start)}`);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (result.error?.code === 'ENOENT') throw new SetupError(`the command '${command}' is missing`);
  if (result.status !== 0) throw new SetupError(`'${[command, ...args].join(' ')}' failed`);
}

const succeeds = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** How to run a command as root: directly, through sudo, or not at all. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (succeeds('sudo', ['-n', 'true']) || (process.stdin.isTTY && succeeds('sudo', ['-V']))) return ['sudo'];
  return undefined;
}

/** Installs Debian packages; false when this is no Debian, or nobody lets us. */
function aptInstall(packages, why) {
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
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  const done = apt(['update']) && apt(install);
  say(done ? `installed in ${seconds(start)}` : `apt-get could not install ${packages.join(' ')}`);
  return done;
}

function adviceForThisSystem() {
  const python = 'install PyTorch for Python (pip install torch) and run `npm run setup` again';
  if (process.platform === 'darwin') return `brew install pytorch, or ${python}`;
  if (process.platform === 'win32') return 'use WSL: the native bridge is built for Linux and macOS';
  if (succeeds('apt-get', ['--version'])) return 'sudo apt-get install libtorch-dev libopenblas0-openmp';
  return `${python}, or unpack libtorch and set TSLM_LIBTORCH to its folder`;
}

function requireCompiler() {
  const compiler = process.env.CXX ?? 'c++';
  if (succeeds(compiler, ['--version'])) return compiler;
  if (!process.env.CXX && aptInstall(['g++'], 'the C++ compiler that builds the bridge to libtorch')) return compiler;
  throw new SetupError(`no C++ compiler ('${compiler}' does not run): install g++ or clang, or set CXX`);
}

function requireLibtorch() {
  const found = findLibtorch();
  if (found) {
    requireFastBlas(found);
    return found;
  }
  const why = 'libtorch does the tensor arithmetic, OpenBLAS its float32 matrix products';
  if (aptInstall(['libtorch-dev', 'libopenblas0-openmp'], why)) {
    const installed = findLibtorch();
    if (installed) return installed;
  }
  throw new SetupError(`libtorch was not found. ${adviceForThisSystem()}`);
}

/** Debian's libtorch takes whichever BLAS is installed, and by itself brings the slow reference one. */
function requireFastBlas({ source, lib }) {
  const blas = join(lib, 'libblas.so.3');
  if (source !== 'system' || !existsSync(blas) || /openblas|mkl|blis|atlas/.test(realpathSync(blas))) return;
  const done = aptInstall(['libopenblas0-openmp'], 'the reference BLAS in use is many times slower');
  if (!done) say('float32 products will be slow: sudo apt-get install libopenblas0-openmp');
}

/** Compiles native/ into build/tslm.node unless the same sources were compiled for the same libtorch. */
async function buildBridge() {
  const plan = planBridge(root, requireLibtorch());
  if (!isCompiled(plan)) await compileBridge(plan, requireCompiler(), say);
}

function buildDist() {
  run(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
}

/** The studio's page, unless it is newer than everything that it is made of. */
function buildStudio() {
  const newest = folder =>
    Math.max(
      ...readdirSync(inRoot(folder), { withFileTypes: true }).map(entry => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? newest(path) : statSync(inRoot(path)).mtimeMs;
      }),
    );
  const page = inRoot('dist', 'studio', 'index.html');
  if (existsSync(page) && statSync(page).mtimeMs > Math.max(newest('studio'), newest('src'))) return;
  run('npm', ['run', '--silent', 'build:studio']);
}

try {
  checkNode();
  if (isCheckout) installPackages();
  await buildBridge();
  if (isCheckout) buildDist();
  if (isCheckout) buildStudio();
} catch (error) {
  if (!(error instanceof SetupError || error instanceof CompilerError) && !error.message.startsWith('TSLM_LIBTORCH'))
    throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exitCode = 1;
}
