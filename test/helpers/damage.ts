/**
 * Valid input that is damaged many times over, from a seed: each must be read, or refused with a code, soon, and within a bound of
 * memory. Few of them in the fast tests, a hundred with `TSLM_LONG=1`, as many as `TSLM_TRIES` says (a thousand after a change
 * of a reader); `TSLM_SEED` draws others.
 */
import { Script } from 'node:vm';
import { expect } from 'vitest';
import { UserError } from '../../src/support/errors.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import { mutateBytes } from './mutations.ts';

const MiB = 2 ** 20;

export const damageTries = Number(process.env.TSLM_TRIES ?? (process.env.TSLM_LONG ? 100 : 25));
const firstSeed = Number(process.env.TSLM_SEED ?? 1);

export interface DamageOptions {
  /** Reads what was damaged, and uses it as far as its users do. */
  read: (bytes: Buffer) => unknown;
  mutate?: (original: Buffer, random: Random) => { bytes: Buffer; what: string };
  tries?: number;
  /** Of processor time, however much else the machine does. Default 10. */
  maxSeconds?: number;
  /** Of array buffers that a try leaves, and of the memory that the process has in all tries. Default 64 and 512 MiB. */
  maxBytes?: { buffers: number; process: number };
}

export interface DamageOutcome {
  /** How often it was read all the same. */
  read: number;
  /** How often it was refused, by code. */
  refused: Map<string, number>;
}

/** @throws what the first try did that it may not: an error without a code, or too much time or memory */
export async function damage(original: Uint8Array, options: DamageOptions): Promise<DamageOutcome> {
  const { read, mutate = mutateBytes, tries = damageTries, maxSeconds = 10 } = options;
  const { maxBytes = { buffers: 64 * MiB, process: 512 * MiB } } = options;
  const outcome: DamageOutcome = { read: 0, refused: new Map() };
  const residentBefore = process.memoryUsage.rss();
  for (let i = 0; i < tries; i++) {
    const { bytes, what } = mutate(Buffer.from(original), createRandom(firstSeed * 1_000_000 + i));
    const failed = (problem: string, cause?: unknown): Error =>
      new Error(`try ${i} (${what}) ${problem}: ${JSON.stringify(bytes.toString('latin1').slice(0, 2000))}`, { cause });
    const { arrayBuffers } = process.memoryUsage();
    const start = process.cpuUsage();
    try {
      await withTimeout(() => read(bytes));
      outcome.read++;
    } catch (error) {
      if (!(error instanceof UserError)) throw failed(String(error), error);
      if (!/^TSLM_[A-Z0-9_]+$/.test(error.code) || error.message.includes('\n')) throw failed(`says ${error}`, error);
      outcome.refused.set(error.code, (outcome.refused.get(error.code) ?? 0) + 1);
    }
    const { user, system } = process.cpuUsage(start);
    if (user + system > maxSeconds * 1e6) throw failed(`took ${(user + system) / 1e6} s`);
    const more = process.memoryUsage().arrayBuffers - arrayBuffers;
    if (more > maxBytes.buffers) throw failed(`took buffers of ${Math.round(more / MiB)} MiB`);
    const resident = process.memoryUsage.rss() - residentBefore;
    if (resident > maxBytes.process) throw failed(`the process has ${Math.round(resident / MiB)} MiB more`);
  }
  return outcome;
}

const refusals = ({ refused }: DamageOutcome): number => [...refused.values()].reduce((a, b) => a + b, 0);

/** Where there are many tries: some damage does no harm and some does, else the tries try nothing. */
export function expectBoth(outcome: DamageOutcome): void {
  if (damageTries < 100) return;
  expect(outcome.read).toBeGreaterThan(0);
  expect(refusals(outcome)).toBeGreaterThan(0);
}

const NAME = Symbol.for('tslm.damaged');
const script = new Script("globalThis[Symbol.for('tslm.damaged')]()");

/** V8 ends a script that never returns; a test's own time-out could not. */
function withTimeout(run: () => unknown): unknown {
  (globalThis as { [NAME]?: () => unknown })[NAME] = run;
  return script.runInThisContext({ timeout: 60_000 });
}
