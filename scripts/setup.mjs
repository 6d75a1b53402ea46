// Sets up whatever is missing and is quick when nothing is: npm packages, libtorch, the native bridge, dist/.
// Plain JavaScript without dependencies, because it runs before there are any. In a package that npm has installed, its
// dependencies, dist/ and the page are there already, and the bridge alone is taken or compiled.
//
//   node scripts/setup.mjs [--libtorch FOLDER | --from-pip]
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CompilerError, compileBridge, isCompiled, planBridge, readRecord, sanitizerOf } from './bridge.mjs';
import { findLibtorch, LibtorchError, libtorchIn } from './libtorch.mjs';
import { libtorchFromPip } from './pip.mjs';
import { takePrebuilt } from './prebuilt.mjs';
import {
  aptInstall,
  compilerAdvice,
  libtorchAdvice,
  requireSystem,
  run,
  SetupError,
  say,
  seconds,
  succeeds,
} from './system.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isCheckout = existsSync(join(root, 'src'));
const inRoot = (...parts) => join(root, ...parts);
const setup = isCheckout ? 'node scripts/setup.mjs' : 'npx tslm setup';

function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex');
  const stamp = inRoot('node_modules', '.tslm-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing the npm packages of package-lock.json (compiler, test runner, readers of file formats)');
  const start = performance.now();
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
  writeFileSync(stamp, lock);
  say(`npm packages installed in ${seconds(start)}`);
}

function requireCompiler() {
  const compiler = process.env.CXX ?? 'c++';
  if (succeeds(compiler, ['--version'])) return compiler;
  if (!process.env.CXX && aptInstall(['g++'], 'the C++ compiler that builds the bridge to libtorch')) return compiler;
  throw new SetupError(`no C++ compiler ('${compiler}' does not run): ${compilerAdvice()}, or set CXX`);
}

function requireLibtorch({ libtorch, fromPip }) {
  if (libtorch !== undefined) return libtorchIn(libtorch, '--libtorch');
  if (fromPip) return libtorchFromPip();
  const found = findLibtorch(readRecord(inRoot('build', 'native.json')));
  if (found) {
    requireFastBlas(found);
    return found;
  }
  const why = 'libtorch does the tensor arithmetic, OpenBLAS its float32 matrix products';
  if (aptInstall(['libtorch-dev', 'libopenblas0-openmp'], why)) {
    const installed = findLibtorch();
    if (installed) return installed;
  }
  throw new SetupError(`libtorch was not found: ${libtorchAdvice(setup)}`);
}

/** Debian's libtorch takes whichever BLAS is installed, and by itself brings the slow reference one. */
function requireFastBlas({ source, lib }) {
  const blas = join(lib, 'libblas.so.3');
  if (source !== 'system' || !existsSync(blas) || /openblas|mkl|blis|atlas/.test(realpathSync(blas))) return;
  const done = aptInstall(['libopenblas0-openmp'], 'the reference BLAS in use is many times slower');
  if (!done) say('float32 products will be slow: sudo apt-get install libopenblas0-openmp');
}

/** build/tslm.node: a prebuilt one that fits, or native/ compiled, unless that was done for the same libtorch; with `TSLM_SANITIZE` another. */
async function buildBridge(options) {
  const sanitizer = sanitizerOf();
  const plan = planBridge(root, requireLibtorch(options), { sanitizer });
  if (isCompiled(plan)) {
    if (!isCheckout) say(`the native bridge is there, for libtorch ${plan.libtorch.version} (${plan.libtorch.lib})`);
    return;
  }
  if (sanitizer || !takePrebuilt(plan, root, say)) await compileBridge(plan, requireCompiler(), say);
}

function buildDist() {
  run(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: root });
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
  run('npm', ['run', '--silent', 'build:studio'], { cwd: root });
}

function readArguments() {
  try {
    const options = { libtorch: { type: 'string' }, 'from-pip': { type: 'boolean' } };
    const { values } = parseArgs({ options });
    if (values.libtorch !== undefined && values['from-pip'])
      throw new Error('--libtorch and --from-pip are alternatives');
    return { libtorch: values.libtorch, fromPip: values['from-pip'] };
  } catch (error) {
    process.stderr.write(`setup: ${error.message}\n`);
    process.exit(2);
  }
}

const options = readArguments();
try {
  requireSystem();
  if (isCheckout) installPackages();
  await buildBridge(options);
  if (isCheckout) buildDist();
  if (isCheckout) buildStudio();
} catch (error) {
  const isExpected = [SetupError, CompilerError, LibtorchError].some(kind => error instanceof kind);
  if (!isExpected && error.code !== 'EACCES') throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exitCode = 1;
}
