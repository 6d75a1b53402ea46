// Finds libtorch: the folder that `setup --libtorch` names, TSLM_LIBTORCH, the one that was named before, the torch that python3
// would import, the system's.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A folder was named in which there is no libtorch. */
export class LibtorchError extends Error {}

const read = path => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const sharedLibrary = process.platform === 'darwin' ? 'libtorch_cpu.dylib' : 'libtorch_cpu.so';

/** What a compiler needs to know of the libtorch at `include` and `lib`, or undefined when parts are missing. */
function describe(source, include, lib, cmake) {
  const api = join(include, 'torch/csrc/api/include');
  // Newer releases keep the version among the headers that need no library.
  const headers = read(join(api, 'torch/version.h')) + read(join(include, 'torch/headeronly/version.h'));
  const version = headers.match(/TORCH_VERSION\s+\\?\s*"([^"]+)"/)?.[1];
  if (!version || !existsSync(join(lib, sharedLibrary))) return undefined;
  const config = read(join(cmake, 'Torch/TorchConfig.cmake'));
  // The headers refuse a compiler set to an older standard than they need: that check says which it is.
  const guards = read(join(api, 'torch/all.h')) + read(join(include, 'c10/util/C++17.h'));
  const needed = Math.max(201703, ...[...guards.matchAll(/__cplusplus\s*<\s*(\d{6})L/g)].map(m => Number(m[1])));
  return {
    source,
    version,
    include: [include, api],
    lib,
    libraries: [
      'torch',
      'torch_cpu',
      'c10',
      ...(existsSync(join(lib, 'libtorch_cuda.so')) ? ['torch_cuda', 'c10_cuda'] : []),
    ],
    standard: needed > 202002 ? 'c++23' : needed > 201703 ? 'c++20' : 'c++17',
    abi: config.match(/_GLIBCXX_USE_CXX11_ABI=(\d)/)?.[1] ?? '1',
  };
}

/** A folder with include/ and lib/, as libtorch's archive and Python's package have it. */
function unpacked(source, folder) {
  const found = describe(source, join(folder, 'include'), join(folder, 'lib'), join(folder, 'share/cmake'));
  return found && { ...found, folder };
}

/** libtorch in the folder that somebody named, or in the folder `libtorch` or `torch` there. */
export function libtorchIn(given, source) {
  const folder = resolve(given);
  for (const place of [folder, join(folder, 'libtorch'), join(folder, 'torch')]) {
    const found = unpacked(source, place);
    if (found) return found;
  }
  throw new LibtorchError(
    `${source} is ${given}, which is not libtorch: include/torch/csrc/api/include/torch/version.h and lib/${sharedLibrary} are expected there`,
  );
}

function fromEnvironment() {
  const folder = process.env.TSLM_LIBTORCH;
  return folder ? libtorchIn(folder, 'TSLM_LIBTORCH') : undefined;
}

/** What `--libtorch` or `--from-pip` chose the last time, as long as it is there. */
const fromRecord = record =>
  record?.libtorch?.source.startsWith('--') ? unpacked(record.libtorch.source, record.libtorch.folder) : undefined;

function fromPython() {
  try {
    const locate = 'import importlib.util as u; s = u.find_spec("torch"); print(s.origin if s else "")';
    const origin = execFileSync('python3', ['-c', locate], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
    return origin ? unpacked('python3', dirname(origin)) : undefined;
  } catch {
    return undefined; // no python3
  }
}

function fromSystem() {
  const prefixes = ['/usr', '/usr/local', '/opt/homebrew/opt/pytorch', '/usr/local/opt/pytorch'];
  for (const prefix of prefixes) {
    const base = join(prefix, 'lib');
    const multiarch = existsSync(base) ? readdirSync(base).filter(name => name.endsWith('-linux-gnu')) : [];
    for (const lib of [...multiarch.map(name => join(base, name)), join(prefix, 'lib64'), base]) {
      const found = describe('system', join(prefix, 'include'), lib, join(lib, 'cmake'));
      if (found) return found;
    }
  }
  return undefined;
}

/** @param record what the last set-up wrote (`build/native.json`) */
export const findLibtorch = record => fromEnvironment() ?? fromRecord(record) ?? fromPython() ?? fromSystem();
