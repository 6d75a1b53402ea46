// Finds libtorch: TSLM_LIBTORCH, then the torch that python3 would import, then the system's.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

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

const unpacked = (source, folder) =>
  describe(source, join(folder, 'include'), join(folder, 'lib'), join(folder, 'share/cmake'));

function fromEnvironment() {
  const folder = process.env.TSLM_LIBTORCH;
  if (!folder) return undefined;
  const found = unpacked('TSLM_LIBTORCH', resolve(folder));
  if (!found) {
    throw new Error(
      `TSLM_LIBTORCH is ${folder}, which is no libtorch: include/torch/csrc/api/include/torch/version.h and lib/${sharedLibrary} are expected there`,
    );
  }
  return found;
}

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

export const findLibtorch = () => fromEnvironment() ?? fromPython() ?? fromSystem();
