/** What a model costs: time to the first token, tokens a second, memory and disk, measured in a process of its own. */
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../../support/errors.ts';
import { workerFile } from '../../support/workers.ts';

export interface Costs {
  /** Of one text at a time, after the prompt; of a model that writes nothing those that it scores. */
  tokensPerSecond: number;
  /** Seconds to read a prompt and write one token; null: it writes nothing. */
  firstToken: number | null;
  /** Bytes that the process needs more than without the model, at its peak; null: the model is on another machine. */
  memory: number | null;
  /** Bytes of its files; null: they are on another machine. */
  disk: number | null;
}

export interface CostJob {
  name: string;
  options: { dtype: 'float32' | 'bfloat16'; device: string; baseUrl?: string; tokenizer?: string; maxLength?: number };
  /** Texts that documents begin with. */
  prompt: string;
  /** To write. */
  tokens: number;
}

/** @throws UserError when the model cannot be opened or does nothing */
export async function measureCosts(job: CostJob): Promise<Costs> {
  const child = spawn(process.execPath, [workerFile(import.meta.url, './cost-process'), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    complaint = (complaint + text).slice(-1000);
  });
  let answer: { costs?: Omit<Costs, 'disk'>; failed?: string } = {};
  for await (const line of createInterface({ input: child.stdout })) answer = JSON.parse(line);
  if (answer.costs) return { ...answer.costs, disk: diskOf(job) };
  const said = answer.failed ?? complaint.trim().split('\n').at(-1) ?? 'its process ended';
  throw new UserError('TSLM_NOT_MEASURED', `${job.name}: speed and memory cannot be measured: ${said}`, {
    hint: 'where the context is short, write fewer tokens: --tokens 16; quality that was measured is kept',
  });
}

function diskOf({ name, options }: CostJob): number | null {
  if (options.baseUrl !== undefined || /^https?:/.test(name)) return null;
  // Of a run the model alone.
  const folder = [join(name, 'model'), name].find(path => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  if (folder === undefined) return null;
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(folder, entry.name)).size, 0);
}
