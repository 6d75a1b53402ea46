/** A small model from texts, in a worker with every default filled in; then it is measured and asked. */
import { readFileSync } from 'node:fs';
import { train } from 'tslm';

const texts = ['README.md', 'ARCHITECTURE.md'].map(path => readFileSync(path, 'utf8'));
const run = await train({
  texts,
  out: 'runs/mine',
  model: { layers: 2, hidden: 64, context: 128 },
  vocabSize: 500,
  steps: Number(process.env.STEPS ?? 500),
  batchSize: 8,
  onStep: ({ step, loss }) => step % 100 === 0 && console.error(step, loss.toFixed(3)),
});
const { loss, bitsPerByte, bitsPerCharacter } = await run.evaluate('test');
console.log({ loss, bitsPerByte, bitsPerCharacter });
const model = await run.open();
console.log(await model.text('The ', { maxTokens: 40, temperature: 0.7 }));
await model.dispose();
