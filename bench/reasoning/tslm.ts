/** The command line as the programs of this folder run it: what it says goes on, and where it fails they end. */
import { spawnSync } from 'node:child_process';

export function tslm(...args: string[]): void {
  process.stderr.write(`tslm ${args.join(' ')}\n`);
  const { status } = spawnSync('bin/tslm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
