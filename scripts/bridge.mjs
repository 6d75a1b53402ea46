// Compiles native/ into build/tslm.node. Reading libtorch's headers takes a compiler several seconds, and longer than the code
// that follows them, so files are compiled together in a few units. What a unit was made from is in its name: only what
// changed is compiled again.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, totalmem } from 'node:os';
import { basename, join } from 'node:path';

/** The compiler refused something; the message says which command that was. */
export class CompilerError extends Error {}

/** Units that the kernels are dealt into: each reads the headers anew, and one core compiles it. */
const KERNEL_UNITS = 3;
/** What compiling a unit takes at most, in bytes. */
const MEMORY_OF_UNIT = 1.5e9;

const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex');

/** Sources and headers under native/, in one order everywhere. */
const nativeFiles = root =>
  ['native', 'native/kernels'].flatMap(folder =>
    readdirSync(join(root, folder))
      .filter(name => /\.(cc|h)$/.test(name))
      .sort()
      .map(name => join(folder, name)),
  );

/** What a bridge was compiled from, whatever the machine: a prebuilt one fits when this is the same. */
export const sourcesKey = root =>
  hash(...nativeFiles(root).flatMap(path => [path.replaceAll('\\', '/'), readFileSync(join(root, path))]));

/** What `TSLM_SANITIZE` may ask for, and how: traces have the names of functions, and kernels fit their registers without frames. */
const SANITIZERS = {
  address: ['-fsanitize=address', '-fno-omit-frame-pointer'],
  // libtorch hides the types of its classes from other libraries, by which their tables would be compared.
  undefined: ['-fsanitize=undefined', '-fno-sanitize=vptr'],
};

/** What the environment asks for, if anything: one of them, or `address,undefined`. */
export function sanitizerOf({ TSLM_SANITIZE: names } = process.env) {
  if (!names) return undefined;
  if (names === 'address,undefined' || Object.hasOwn(SANITIZERS, names)) return names;
  throw new CompilerError(
    `TSLM_SANITIZE is '${names}': it may be ${Object.keys(SANITIZERS).join(', ')} or address,undefined`,
  );
}
const sanitizerFlags = names => (names ? names.split(',').flatMap(name => SANITIZERS[name]) : []);

/** The folder of a bridge; one with a sanitizer lies beside the other (`src/torch/native.ts`). */
export const buildFolder = (root, sanitizer) => join(root, 'build', ...(sanitizer ? [`sanitize-${sanitizer}`] : []));

/** Folders that compilers look into by themselves: naming them as those of a system would change their order. */
const OWN_FOLDERS = ['/usr/include', '/usr/local/include'];
/** Others' headers, of which no warnings are wanted. */
const includeOf = path => `${OWN_FOLDERS.includes(path) ? '-I' : '-isystem'}${path}`;

/** Where a bridge looks for libtorch: beside itself, in a link that set-up makes. */
export const BESIDE_BRIDGE = process.platform === 'darwin' ? '@loader_path/libtorch' : '$ORIGIN/libtorch';

/**
 * What has to be compiled for this libtorch (`libtorch.mjs`), and the flags to do it with.
 *
 * @param options `build`: where the bridge is written; `runPath`: where it looks for libtorch, default where it was found;
 *   `sanitizer`: as `TSLM_SANITIZE` says
 */
export function planBridge(
  root,
  libtorch,
  { sanitizer, build = buildFolder(root, sanitizer), runPath = libtorch.lib } = {},
) {
  const sourcesIn = (folder, ending) =>
    readdirSync(join(root, folder))
      .filter(name => name.endsWith(ending))
      .sort()
      .map(name => join(root, folder, name));
  const flags = [
    `-std=${libtorch.standard}`,
    '-O2',
    '-Wall',
    '-Wextra',
    '-Wno-psabi', // vectors are passed between functions of one unit alone
    ...(sanitizer ? ['-g1', '-DTSLM_SANITIZED', ...sanitizerFlags(sanitizer)] : ['-g0']),
    '-fPIC',
    '-fvisibility=hidden',
    '-fopenmp-simd', // loops are vectorised with it; threads are our own (kernels/parallel.cc), so that Apple's clang does, too
    `-D_GLIBCXX_USE_CXX11_ABI=${libtorch.abi}`,
    '-DNAPI_VERSION=8',
    ...[createRequire(import.meta.url)('node-api-headers').include_dir, ...libtorch.include].map(includeOf),
  ];
  // The loops of the kernels are written to be vectorised. What these flags give up, no loop relies on: floating-point
  // exceptions and errno. NaN and infinity keep their meaning.
  const kernelFlags = [...flags, sanitizer ? '-O1' : '-O3', '-fno-trapping-math', '-fno-math-errno'];
  const headers = ['native', 'native/kernels']
    .flatMap(folder => sourcesIn(folder, '.h'))
    .map(path => readFileSync(path));
  const objects = join(buildFolder(root, sanitizer), 'objects');
  const unit = (name, files, own) => {
    const options = JSON.stringify([libtorch, own, files]).replaceAll(root, '.'); // the same in every copy of the project
    const made = hash(options, ...headers, ...files.map(path => readFileSync(path)));
    return { name, files, flags: own, object: join(objects, `${name}-${made.slice(0, 16)}.o`) };
  };
  const kernels = sourcesIn('native/kernels', '.cc');
  const units = [
    ...deal(kernels, KERNEL_UNITS).map((files, i) => unit(`kernels-${i + 1}`, files, kernelFlags)),
    unit('bridge', sourcesIn('native', '.cc'), flags),
  ];
  return {
    libtorch,
    runPath,
    flags,
    linkFlags: sanitizerFlags(sanitizer),
    saysWarnings: existsSync(join(root, 'src')), // of a checkout
    units,
    objects,
    key: hash(JSON.stringify(units.map(({ object }) => basename(object)))),
    addon: join(build, 'tslm.node'),
    record: join(build, 'native.json'),
  };
}

/** Every `count`th of the files, so that units are about as long as each other. */
const deal = (files, count) =>
  Array.from({ length: count }, (_, i) => files.filter((_, place) => place % count === i)).filter(
    unit => unit.length > 0,
  );

/** What the last set-up wrote about the bridge, if there was one. */
export const readRecord = path => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

export const isCompiled = ({ addon, record, key }) => existsSync(addon) && readRecord(record)?.key === key;

/** Compiles what has changed, a unit a core, and links. `say` is told how far it is. */
export async function compileBridge(plan, compiler, say) {
  const { libtorch, units, objects, addon, saysWarnings } = plan;
  const start = performance.now();
  const elapsed = () => `${((performance.now() - start) / 1000).toFixed(0)} s`;
  mkdirSync(objects, { recursive: true });
  const jobs = units.filter(({ object }) => !existsSync(object));
  const total = jobs.reduce((sum, { files }) => sum + files.length, 0);
  say(
    `compiling the native bridge, ${total} files, against libtorch ${libtorch.version} (${libtorch.source}: ${libtorch.lib})`,
  );
  let done = 0;
  const atOnce = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / MEMORY_OF_UNIT)));
  const workers = Array.from({ length: atOnce }, async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      await compileUnit(compiler, job, saysWarnings);
      done += job.files.length;
      say(`${done} of ${total} files compiled, ${elapsed()}`);
    }
  });
  await Promise.all(workers);
  await link(compiler, plan);
  const used = new Set(units.map(({ object }) => basename(object)));
  for (const name of readdirSync(objects)) {
    if (name.endsWith('.o') && !used.has(name)) rmSync(join(objects, name));
  }
  const version = execFileSync(compiler, ['--version']).toString().split('\n')[0];
  const record = { key: plan.key, libtorch, compiler: version, flags: plan.flags };
  writeFileSync(plan.record, `${JSON.stringify(record, null, 2)}\n`);
  say(`native bridge compiled in ${elapsed()}: ${addon}`);
}

/** `TSLM_WARNINGS=error` makes the compiler refuse what it warns of. */
const refusesWarnings = () => (process.env.TSLM_WARNINGS === 'error' ? ['-Werror'] : []);

async function compileUnit(compiler, { files, flags, object }, saysWarnings) {
  const source = `${object}.${process.pid}.cc`;
  const unfinished = `${object}.${process.pid}`;
  writeFileSync(source, files.map(path => `#include ${JSON.stringify(path)}\n`).join(''));
  try {
    await runCompiler(compiler, [...flags, ...refusesWarnings(), '-c', source, '-o', unfinished], saysWarnings);
    renameSync(unfinished, object);
  } finally {
    rmSync(source, { force: true });
    rmSync(unfinished, { force: true });
  }
}

async function link(compiler, { libtorch, runPath, units, addon, linkFlags }) {
  const temporary = `${addon}.new`;
  const platform = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : ['-Wl,--no-as-needed'];
  await runCompiler(compiler, [
    '-shared',
    ...linkFlags,
    ...units.map(({ object }) => object),
    ...platform,
    `-L${libtorch.lib}`,
    `-Wl,-rpath,${runPath}`,
    ...libtorch.libraries.map(name => `-l${name}`),
    '-o',
    temporary,
  ]);
  renameSync(temporary, addon);
}

/** What the compiler says of what it accepts is for those who write it. */
function runCompiler(compiler, args, saysWarnings = false) {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', text => (output += text));
    child.stderr.on('data', text => (output += text));
    child.on('error', reject);
    child.on('close', code => {
      if (code !== 0 || saysWarnings) process.stderr.write(output);
      if (code === 0) return resolve();
      reject(new CompilerError(`the compiler failed: ${compiler} ${args.join(' ')}`));
    });
  });
}
