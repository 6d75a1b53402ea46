/** `tslm serve` without a model, and a real job, whose queue goes on without the server. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { JobList } from '../../src/serve/studio/api.ts';
import { logOf, readState } from '../../src/serve/studio/jobs/job-files.ts';
import { tslm } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const texts = join(folder, 'texts');
mkdirSync(texts);
const words = (seed: number): string =>
  Array.from({ length: 80 }, (_, i) => ((seed + 1) * (i + 7) * 2654435761).toString(36).slice(2, 7)).join(' ');
for (let i = 0; i < 20; i++) writeFileSync(join(texts, `${i}.txt`), words(i));

const headers = { 'content-type': 'application/json' };
const body = JSON.stringify({ command: 'prepare', values: { input: 'texts', out: 'corpora/new', vocabSize: 300 } });

it('starts a job in its folder, and leaves it to its queue', async () => {
  let answers: Promise<unknown> | undefined;
  const { code, stderr, stdout } = await tslm(['serve', '--port', '0', '--json'], {
    cwd: folder,
    onOutput(child, out) {
      if (!out.includes('}') || answers) return;
      const { url } = JSON.parse(out) as { url: string };
      const ask = async () => {
        const health = await fetch(`${url}/health`);
        const { status } = await fetch(`${url}/studio/api/jobs`, { method: 'POST', headers, body });
        const list = (await (await fetch(`${url}/studio/api/jobs`)).json()) as JobList;
        return [health.status, status, list.jobs.map(({ line }) => line)];
      };
      answers = ask().finally(() => child.kill('SIGTERM'));
    },
  });
  expect(await answers, stderr).toEqual([200, 201, ['tslm prepare texts --out corpora/new --vocab-size 300']]);
  expect(code).toBe(143);
  expect(JSON.parse(stdout).models).toEqual([]);
  expect(stderr).toContain('jobs go on without the server: 0001-prepare');
  const jobs = join(folder, 'jobs');
  await expect.poll(() => readState(jobs, '0001-prepare')?.state, { timeout: 120_000 }).toBe('ended');
  const log = readFileSync(logOf(jobs, '0001-prepare'), 'utf8');
  expect(readState(jobs, '0001-prepare'), log).toMatchObject({ outcome: 'done', code: 0 });
  expect(existsSync(join(folder, 'corpora', 'new', 'corpus.json'))).toBe(true);
  await expect.poll(() => existsSync(join(jobs, '.lock'))).toBe(false);
});
