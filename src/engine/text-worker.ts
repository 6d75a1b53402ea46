/** The thread for long texts: it has a tokenizer and no model. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { readJson } from '../support/files.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { toData } from './messages.ts';
import { createTextCalls, type TextCalls } from './text-calls.ts';
import { type FromTextWorker, ITEMS_A_MESSAGE, type TextQuestion, type ToTextWorker } from './text-thread.ts';

const port = parentPort!;
const say = (message: FromTextWorker): void => port.postMessage(message);
const { folder } = workerData as { folder: string };
let calls: ReturnType<typeof createTextCalls> | undefined;
let answer: Generator<FromTextWorker, FromTextWorker> | undefined;

port.on('message', (message: ToTextWorker) => {
  try {
    if (message !== 'more') answer = partsOf(message);
    say(answer!.next().value);
  } catch (error) {
    say({ kind: 'error', error: toData(error) });
  }
});

/** The long lists of a result first. */
function* partsOf({ name, input }: TextQuestion): Generator<FromTextWorker, FromTextWorker> {
  calls ??= createTextCalls(
    Tokenizer.fromFile(folder),
    readJson(join(folder, 'config.json')) as Record<string, unknown>,
  );
  const result = (calls[name] as (input: TextCalls[keyof TextCalls]) => { ids?: number[]; tokens?: string[] })(input);
  const left = { ...result };
  for (const list of ['ids', 'tokens'] as const) {
    const items = result[list] ?? [];
    for (let at = 0; at < items.length; at += ITEMS_A_MESSAGE) {
      yield { kind: 'part', [list]: items.slice(at, at + ITEMS_A_MESSAGE) };
    }
    if (items.length > 0) left[list] = [];
  }
  return { kind: 'result', result: left };
}
