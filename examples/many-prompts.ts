/** Many prompts in one call: they share the batch, and come back in their order. */
import { open } from 'tslm';

const model = await open('runs/mine');
const texts = await model.text(['The ', 'A model ', 'tslm '], { maxTokens: 12, seed: 1 });
for (const text of texts) console.log(JSON.stringify(text));
const dates = await model.text(['Today is ', 'Born on '], { regex: '\\d{4}-\\d{2}-\\d{2}', maxTokens: 20 });
console.log(dates);
