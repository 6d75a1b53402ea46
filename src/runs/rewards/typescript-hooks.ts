/** Hooks of Node's module loader that take the types out of TypeScript, for versions of Node that cannot. */
import { readFileSync } from 'node:fs';
import { createRequire, type InitializeHook, type LoadHook } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Compiler {
  transpileModule(source: string, options: object): { outputText: string };
}

let compiler: Compiler;

export const initialize: InitializeHook<{ compiler: string }> = ({ compiler: path }) => {
  compiler = createRequire(import.meta.url)(path) as Compiler;
};

export const load: LoadHook = (url, context, next) => {
  if (!/^file:.*\.[cm]?ts$/.test(url)) return next(url, context);
  const source = readFileSync(fileURLToPath(url), 'utf8');
  const { outputText } = compiler.transpileModule(source, { compilerOptions: { module: 'esnext', target: 'es2022' } });
  return { format: 'module', source: outputText, shortCircuit: true };
};
