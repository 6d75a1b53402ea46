/** A classifier from rows: the columns say what is learnt, the model to begin with is the one of train-model.ts. */
import { rmSync } from 'node:fs';
import { train } from 'tslm';

const words = { good: ['lovely', 'great', 'fine'], bad: ['awful', 'poor', 'broken'] };
const rows = Array.from({ length: 60 }, (_, i) => {
  const label = i % 2 === 0 ? 'good' : 'bad';
  return { text: `Order ${i}: ${words[label][i % 3]} work`, label };
});
rmSync('runs/reviews', { recursive: true, force: true });
const run = await train({ rows, model: { from: 'runs/mine' }, out: 'runs/reviews', epochs: 2, batchSize: 8 });
const model = await run.open();
const [first] = await model.classify('Order 99: lovely work');
console.log(first.label, first.score);
await model.dispose();
