/** The log of a server that cannot be written: requests are answered all the same, and the server goes on and ends as always. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isLong, itLong } from '../helpers/long.ts';
import { complete, type RunningServer, startServer, tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = tinyModelFolder(join(scratchFolder(), 'tiny'));

async function dropped(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^tslm_log_lines_dropped (\d+)$/m.exec(text)![1]);
}

/** Plain answers, and a stream to its end. */
async function expectAnswers({ url }: RunningServer): Promise<void> {
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await complete(url)).status).toBe(200);
  expect(await (await complete(url, { stream: true })).text()).toContain('[DONE]');
  expect((await complete(url)).status).toBe(200);
}

it.runIf(isLong && existsSync('/dev/full'))('on a disk that is full', async () => {
  const full = openSync('/dev/full', 'w');
  const server = await startServer([folder], { stderr: full });
  closeSync(full);
  await expectAnswers(server);
  expect(await dropped(server.url)).toBeGreaterThan(0);
  expect(await server.stop()).toBe(143);
});

itLong('in a pipe that nobody reads', async () => {
  const server = await startServer([folder], { stderr: 'unread' });
  const long = 'x'.repeat(8000); // the path is in the log
  for (let i = 0; i < 300; i++) expect((await fetch(`${server.url}/${long}`)).status).toBe(404);
  await expectAnswers(server);
  expect(await dropped(server.url)).toBeGreaterThan(0);
  expect(await server.stop()).toBe(143);
});

it('in a pipe that was closed', async () => {
  const server = await startServer([folder], { stderr: 'unread' });
  server.child.stderr!.destroy();
  server.child.stdout!.destroy();
  await expectAnswers(server);
  expect(await dropped(server.url)).toBeGreaterThan(0);
  expect(await server.stop()).toBe(143);
});
