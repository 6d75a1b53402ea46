/** Search by meaning over texts in memory; any model that makes vectors will do, one trained for it finds more. */
import { readFileSync } from 'node:fs';
import { createIndex, open } from 'tslm';

const sentences = readFileSync('README.md', 'utf8').split('\n\n').slice(0, 20);
const index = await createIndex(await open(process.argv[2] ?? 'models/vectors'), sentences, {
  onProgress: (done, total) => console.error(`${done} of ${total}`),
});
for (const { text, score } of await index.search('serving models over HTTP', 3)) {
  console.log(score.toFixed(3), text.slice(0, 60));
}
