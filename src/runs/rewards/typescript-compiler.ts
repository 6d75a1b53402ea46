/** A compiler that takes the types out of TypeScript, for versions of Node before 22.18, which cannot. */
import { createRequire } from 'node:module';
import { UserError } from '../../support/errors.ts';

export interface FoundCompiler {
  name: 'typescript' | 'esbuild' | 'rolldown/utils';
  path: string;
}

/** What TypeScript 7 no longer offers. */
const isOld = (version: string): boolean => Number.parseInt(version, 10) < 7;

/**
 * @param bases files beside which packages are looked for
 * @throws UserError when there is none
 */
export function findCompiler(bases: readonly string[]): FoundCompiler {
  for (const base of bases) {
    const { resolve } = createRequire(base);
    for (const name of ['typescript', 'esbuild', 'rolldown/utils'] as const) {
      try {
        const path = resolve(name);
        const { version } = createRequire(base)(`${name.split('/')[0]}/package.json`) as { version: string };
        if (name !== 'typescript' || isOld(version)) return { name, path };
      } catch {
        // It is not there.
      }
    }
  }
  throw new UserError('TSLM_NO_TYPESCRIPT', `Node.js ${process.version} runs no TypeScript by itself`, {
    hint: 'take Node.js 22.18 or newer, install esbuild beside the module, or write it in JavaScript',
  });
}
