/** The thread that decodes for `decodeImageSync`: takes bytes from a port, puts the image or what is wrong there, and wakes the caller. */
import { workerData } from 'node:worker_threads';
import { messageOf, UserError } from '../../support/errors.ts';
import { type Answer, decodeImage, type Request } from './decode.ts';

const { port, flag } = workerData as Request;

async function answer(bytes: Uint8Array): Promise<Answer> {
  try {
    return { image: await decodeImage(bytes) };
  } catch (error) {
    const isOurs = error instanceof UserError;
    return { problem: isOurs ? error.message : `unexpected error: ${messageOf(error)}` };
  }
}

port.on('message', async (bytes: Uint8Array) => {
  port.postMessage(await answer(bytes));
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
});
