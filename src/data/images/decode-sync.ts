/** `decodeImage` for callers that cannot wait: sharp only promises, so another thread decodes while this one sleeps. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { UserError } from '../../support/errors.ts';
import { startWorker } from '../../support/workers.ts';
import { type Answer, badImage, type Request } from './decode.ts';
import type { RgbImage } from './rgb-image.ts';

/** For the thread to start, and to decode what is as large as may be. */
const PATIENCE_MS = 120_000;

let helper: { port: MessagePort; flag: Int32Array } | undefined;

/** One thread for the whole process; it does not keep the process alive. */
function startHelper(): NonNullable<typeof helper> {
  const { port1: port, port2: other } = new MessageChannel();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const request: Request = { port: other, flag };
  startWorker(import.meta.url, './decode-worker', { workerData: request, transferList: [other] }).unref();
  port.unref();
  return { port, flag };
}

/** @throws UserError that says what is wrong and no file */
export function decodeImageSync(bytes: Uint8Array): RgbImage {
  helper ??= startHelper();
  const { port, flag } = helper;
  Atomics.store(flag, 0, 0);
  port.postMessage(bytes);
  const woken = Atomics.wait(flag, 0, 0, PATIENCE_MS);
  const message = (receiveMessageOnPort(port) as { message: Answer } | undefined)?.message;
  if (message === undefined) {
    helper = undefined;
    throw new UserError('TSLM_DECODER', `the thread that decodes images does not answer (${woken})`, {
      hint: 'is the package whole? `npm install` puts sharp and dist/ in place',
    });
  }
  if (message.image === undefined) throw badImage(message.problem);
  return message.image;
}
