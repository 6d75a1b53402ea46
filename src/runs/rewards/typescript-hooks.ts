/** Hooks of Node's module loader that take the types out of TypeScript, for versions of Node that cannot. */
import { readFileSync } from 'node:fs';
import type { InitializeHook, LoadHook } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { FoundCompiler } from './typescript-compiler.ts';

let withoutTypes: (source: string) => string;

/** Each compiler by what it calls it. */
interface Compiler {
  transpileModule?(source: string, options: object): { outputText: string };
  transformSync?(...given: unknown[]): { code: string };
}

export const initialize: InitializeHook<FoundCompiler> = async ({ name, path }) => {
  const found = (await import(pathToFileURL(path).href)) as Compiler & { default?: Compiler };
  const own = { ...found.default, ...found };
  const compilerOptions = { module: 'esnext', target: 'es2022' };
  withoutTypes = source =>
    name === 'typescript'
      ? own.transpileModule!(source, { compilerOptions }).outputText
      : name === 'esbuild'
        ? own.transformSync!(source, { loader: 'ts' }).code
        : own.transformSync!('module.ts', source).code;
};

export const load: LoadHook = (url, context, next) =>
  /^file:.*\.[cm]?ts$/.test(url)
    ? { format: 'module', source: withoutTypes(readFileSync(fileURLToPath(url), 'utf8')), shortCircuit: true }
    : next(url, context);
