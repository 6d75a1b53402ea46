/** A small model, revisions of it and a server, for measurements of a service that learns. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAdapter, saveAdapter } from '../../src/models/adapters/index.ts';
import { createModel, loadCompleteModel, saveModel } from '../../src/models/auto.ts';
import { combinedHash, contentHash, filesHash, fingerprintOf } from '../../src/models/content-hash.ts';
import { revisionFolder, revisionsFolder } from '../../src/online/registry/registry.ts';
import type { FeedbackStore } from '../../src/online/store/store.ts';
import { createRandom } from '../../src/support/random.ts';
import { root } from '../../src/support/root.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { noGrad, randn, withSeed } from '../../src/torch/index.ts';

export const bin = join(root, 'bin', 'tslm');

const WORDS = 'so it was and the sea ran on to the hill where a dog and a cat saw the moon over the old boat'.split(
  ' ',
);

/** Lines of common words. */
export function lines(count: number, seed: number): string[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 12 }, () => WORDS[random.below(WORDS.length)]).join(' '),
  );
}

/** A decoder with random weights and a tokenizer of its own. */
export async function makeModel(folder: string, { layers = 2, hidden = 64, seed = 1 } = {}): Promise<string> {
  const tokenizer = await trainTokenizer(lines(400, 1), { vocabSize: 300 });
  const sizes = { layers, hidden, heads: hidden / 32, context: 128, vocabSize: tokenizer.vocabSize };
  using model = createModel('gpt2', sizes, { seed, eosTokenId: tokenizer.eosTokenId! });
  saveModel(folder, model);
  tokenizer.save(folder);
  return folder;
}

/** An adapter that answers otherwise than the others, as a revision of a service. @returns its id */
export function makeRevision(folder: string, model: string, seed: number): string {
  mkdirSync(revisionsFolder(folder), { recursive: true });
  const made = mkdtempSync(join(folder, 'made-'));
  using base = loadCompleteModel(model);
  const config = {
    peft_type: 'LORA',
    r: 4,
    lora_alpha: 64,
    target_modules: ['c_attn', 'c_proj'],
    base_model_name_or_path: model,
  };
  const adapter = createAdapter(base, config, { seed });
  withSeed(seed, () => noGrad(() => adapter.parameters().forEach(p => void p.copy_(randn(p.shape)))));
  saveAdapter(made, adapter);
  adapter.dispose();
  const id = fingerprintOf(combinedHash(contentHash(model), filesHash(made)));
  renameSync(made, revisionFolder(folder, id));
  return id;
}

/** The store says that a revision has passed: else the next round takes it for what one that was killed has left. */
export function markPassed({ database }: FeedbackStore, revision: string, model: string): void {
  const parent = fingerprintOf(contentHash(model));
  database.prepare("INSERT INTO revisions VALUES (?, 1, ?, '', 'passed', NULL)").run(revision, parent);
}

export function writeRows(path: string): string {
  writeFileSync(
    path,
    lines(200, 2)
      .map(text => JSON.stringify({ text }))
      .join('\n'),
  );
  return path;
}

/** People who choose the shorter one of two answers. */
export function addChoices(store: FeedbackStore, count: number, prefix: string): void {
  const prompts = lines(count, prefix.length + count);
  for (const [i, line] of prompts.entries()) {
    const id = `cmpl-${prefix}${i}`;
    const user = store.keyed.user(`person ${i % 8}`);
    const choices = [' yes', ' no and no and no'].map((text, position) => ({ position, text, finish: 'stop' }));
    const prompt = `${line.slice(0, 20)} ${prefix}${i}:`;
    store.addAnswer({ id, created: Date.now(), model: 'model', revision: 'fp_0', user, prompt, choices });
    store.addJudgement({ answer: id, position: 0, user, value: { kind: 'choice' } });
  }
}

export interface Server {
  url: string;
  child: ChildProcess;
  stop(): Promise<void>;
}

export function startServer(args: readonly string[]): Promise<Server> {
  const child = spawn(
    process.execPath,
    [bin, 'serve', ...args, '--port', '0', '--json', '--no-studio', '--log-level', 'error'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  process.once('SIGTERM', () => process.exit(143));
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (!out.trimEnd().endsWith('}')) return;
      const { url } = JSON.parse(out) as { url: string };
      resolve({
        url,
        child,
        async stop() {
          child.kill('SIGTERM');
          await ended;
        },
      });
    });
    void ended.then(() => reject(new Error('the server has ended')));
  });
}
