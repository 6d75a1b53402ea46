/** Other processes of this machine: whether they still run. */
import { readFileSync } from 'node:fs';
import { isErrno } from './errors.ts';

/** Whether the process has ended; `start`, as `startOf` gave it, tells it from a later one of the same number. */
export function hasEnded(pid: number, start?: string): boolean {
  if (!Number.isInteger(pid) || pid < 1) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isErrno(error, 'ESRCH'); // otherwise it belongs to somebody else
  }
  const stat = statOf(pid);
  if (stat === undefined) return false;
  return stat.state === 'Z' || (start !== undefined && start !== '-' && start !== stat.start);
}

/** When a process began, in ticks since the machine did; undefined where the system does not say. */
export const startOf = (pid: number): string | undefined => statOf(pid)?.start;

/** proc(5): the name of the program, in parentheses, may hold anything; the state is the 3rd field, the start the 22nd. */
function statOf(pid: number): { state: string; start: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], start: fields[19] };
  } catch {
    return undefined;
  }
}
