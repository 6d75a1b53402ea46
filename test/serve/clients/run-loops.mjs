/** `node run-loops.mjs URL MODEL`: every loop beside the clients that are installed here; one line of JSON each. */
import { loops } from './agent-loops.ts';
import { agentLoops } from './openai-agents.mjs';

const [url, model] = process.argv.slice(2);
for (const [name, loop] of Object.entries({ ...loops, ...agentLoops })) {
  const result = await loop(url, model).catch(error => ({ error: `${error?.stack ?? error}` }));
  console.log(JSON.stringify({ name, ...result }));
}
