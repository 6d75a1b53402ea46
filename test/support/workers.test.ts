import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { workerFile } from '../../src/support/workers.ts';
import { scratchFolder } from './scratch.ts';

const url = (path: string): string => pathToFileURL(join('/project', path)).href;

describe('workerFile', () => {
  it('finds the compiled file beside a compiled caller', () => {
    expect(workerFile(url('dist/data/pool.js'), './worker')).toBe('/project/dist/data/worker.js');
  });

  it('finds the compiled file for a caller that runs from its source', () => {
    expect(workerFile(url('src/data/pool.ts'), './worker')).toBe('/project/dist/data/worker.js');
    expect(workerFile(url('src/data/readers/pool.ts'), '../worker')).toBe('/project/dist/data/worker.js');
  });
});

describe('startWorker', () => {
  const folder = scratchFolder();
  const caller = pathToFileURL(join(folder, 'caller.js')).href;
  const compiled = new URL('../../dist/support/workers.js', import.meta.url).href;
  const program = `import { startWorker } from ${JSON.stringify(compiled)};
    startWorker(${JSON.stringify(caller)}, './worker').on('message', options => console.log(JSON.stringify(options)));`;
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'worker.js'),
    "import { parentPort } from 'node:worker_threads'; parentPort.postMessage(process.execArgv);",
  );
  writeFileSync(join(folder, 'caller.js'), program);

  const optionsOfWorker = (args: string[], input = ''): string[] => {
    const { stdout, stderr } = spawnSync(process.execPath, args, { input, encoding: 'utf8' });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  it.each([
    { args: ['--input-type=module', '-e', program] },
    { args: ['--input-type', 'module', `--eval=${program}`] },
    { args: ['--max-old-space-size=300', '--input-type=module', '-e', program] },
    { args: ['--input-type=module', '-'], input: program },
  ])('starts a worker from a program that is a string', ({ args, input }) => {
    expect(optionsOfWorker(args, input)).toEqual([]);
  });

  it('hands over the options of a program in a file', () => {
    const args = ['--max-old-space-size=300', '--no-deprecation'];
    expect(optionsOfWorker([...args, join(folder, 'caller.js')])).toEqual(args);
  });
});
