/**
 * Runs what a page of documentation says, in the current folder, and prints each command with its output as a terminal shows it:
 *
 *   node scripts/run-page.mjs docs/TUTORIAL.md [--replace 'npm install tslm => npm install ./tslm-0.1.0.tgz'] …
 *
 * Blocks called `sh` are commands, one a line; blocks with a file name (`js rows.mjs`) are written into that file. `tslm serve` runs beside
 * the commands after it, from when it says that it listens to the end. The first command that fails ends everything with its exit code.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @returns what a page does, in its order: `{ file, text }` and `{ command }` */
export function stepsOf(page) {
  return [...page.matchAll(/^```(\w+)(?: ([\w./-]+))?\n([\s\S]*?)^```$/gm)].flatMap(([, language, file, text]) => {
    if (file) return [{ file, text }];
    if (language !== 'sh') return [];
    const lines = text.replace(/\\\n\s*/g, '').split('\n');
    return lines
      .map(line => line.replace(/\s+# .*$/, '').trim())
      .filter(line => line !== '')
      .map(command => ({ command }));
  });
}

const isServer = command => /\btslm serve\b/.test(command);
const READY = /\bready\b/;

/** Starts a command in a group of its own; what it writes is passed on as it comes. */
function start(command) {
  const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => process.stdout.write(data));
  const ended = new Promise(resolve => child.on('close', code => resolve(code ?? 1)));
  return { child, ended };
}

async function startServer(command) {
  const { child, ended } = start(command);
  const ready = new Promise(resolve => {
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => READY.test(String(data)) && resolve());
  });
  const early = ended.then(code => {
    throw new Error(`the server ended with ${code}`);
  });
  await Promise.race([ready, early]);
  early.catch(() => {}); // it is ended by us
  return async () => {
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  };
}

async function runPage(path, replacements) {
  const servers = [];
  try {
    for (const { file, text, command } of stepsOf(readFileSync(path, 'utf8'))) {
      if (file) {
        writeFileSync(file, text);
        continue;
      }
      console.log(`$ ${command}`);
      const replaced = replacements.reduce((all, [from, to]) => all.replace(from, to), command);
      if (isServer(command)) servers.push(await startServer(replaced));
      else {
        const code = await start(replaced).ended;
        if (code !== 0) throw Object.assign(new Error(`${command}: exit code ${code}`), { code });
      }
      console.log();
    }
  } finally {
    for (const stop of servers) await stop();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [path, ...rest] = process.argv.slice(2);
  const replacements = rest.filter(word => word !== '--replace').map(word => word.split(' => '));
  await runPage(path, replacements).catch(error => {
    console.error(`run-page: ${error.message}`);
    process.exitCode = error.code ?? 1;
  });
}
