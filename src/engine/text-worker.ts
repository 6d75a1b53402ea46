/** The thread for long texts: it has a tokenizer and no model. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { readJson } from '../support/files.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { toData } from './messages.ts';
import { createTextCalls, type TextCalls } from './text-calls.ts';
import { type FromTextWorker, TOKENS_A_MESSAGE, type ToTextWorker } from './text-thread.ts';

const port = parentPort!;
const say = (message: FromTextWorker): void => port.postMessage(message);
const { folder } = workerData as { folder: string };
let calls: ReturnType<typeof createTextCalls> | undefined;

port.on('message', ({ name, input }: ToTextWorker) => {
  try {
    calls ??= createTextCalls(
      Tokenizer.fromFile(folder),
      readJson(join(folder, 'config.json')) as Record<string, unknown>,
    );
    const result = (calls[name] as (input: TextCalls[keyof TextCalls]) => { tokens?: string[] })(input);
    const { tokens = [] } = result;
    for (let at = 0; at < tokens.length; at += TOKENS_A_MESSAGE) {
      say({ kind: 'tokens', tokens: tokens.slice(at, at + TOKENS_A_MESSAGE) });
    }
    say({ kind: 'result', result: tokens.length > 0 ? { ...result, tokens: [] } : result });
  } catch (error) {
    say({ kind: 'error', error: toData(error) });
  }
});
