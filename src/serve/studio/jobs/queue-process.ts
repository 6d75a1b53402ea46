/** The queue in a process of its own: `node queue-process.js FOLDER JOBS AT-ONCE`. A signal lets its jobs save, and ends it. */
import { runQueue } from './queue.ts';

const [folder, jobs, atOnce] = process.argv.slice(2);
const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort());

await runQueue(folder, jobs, { atOnce: Number(atOnce), signal: controller.signal });
