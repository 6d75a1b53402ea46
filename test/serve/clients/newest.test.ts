/**
 * The newest releases of the same clients and of the OpenAI Agents SDK, on the Node that they need: fetched from the registry
 * into a folder of their own, so only where TSLM_NEWEST is set.
 */
import { execFile } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createApp } from '../../../src/serve/http/app.ts';
import { listen } from '../../../src/serve/http/listen.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { fakeEngine, fakePool } from '../fake-engine.ts';
import { ROUNDS } from './rounds.ts';
import { scripted } from './scripted.ts';

const PACKAGES = [
  'openai',
  'ai',
  '@ai-sdk/openai',
  '@ai-sdk/openai-compatible',
  'langchain',
  '@langchain/core',
  '@langchain/openai',
  '@openai/agents',
  'zod',
];
const FILES = ['agent-loops.ts', 'openai-agents.mjs', 'rounds.ts', 'run-loops.mjs'];
const run = promisify(execFile);

it.runIf(process.env.TSLM_NEWEST)(
  'the newest clients',
  async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'package.json'), '{"type":"module","private":true}');
    for (const file of FILES) cpSync(join(import.meta.dirname, file), join(folder, file));
    const node = `node-${process.platform}-${process.arch}`;
    const wanted = [...PACKAGES, node].map(name => `${name}@${name === node ? 24 : 'latest'}`);
    await run('npm', ['install', '--no-audit', '--no-fund', ...wanted], { cwd: folder });
    const server = await listen(createApp({ pool: fakePool(fakeEngine({ says: scripted })) }), { port: 0 });
    try {
      const program = join(folder, 'node_modules', node, 'bin', 'node');
      const { stdout } = await run(program, ['run-loops.mjs', server.url, 'fake'], { cwd: folder });
      const results = stdout
        .split('\n')
        .filter(line => line.startsWith('{"name"'))
        .map(line => JSON.parse(line) as { name: string; answer?: string; calls?: number; error?: string });
      expect(results.length).toBeGreaterThan(9);
      for (const { name, answer, calls, error } of results) {
        expect(error, name).toBeUndefined();
        expect(calls! % ROUNDS, name).toBe(0);
        expect(answer, name).toMatch(/Asked 3 times|"town":"Rom"/);
      }
    } finally {
      await server.close(1000);
    }
  },
  600_000,
);
