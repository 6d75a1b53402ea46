/** Typed values out of text: the model's JSON follows the schema and is whole, however few tokens are left. */
import { open } from 'tslm';
import { z } from 'zod';

const Person = z.object({ name: z.string(), age: z.int(), job: z.enum(['engineer', 'teacher', 'other']) });
const model = await open('runs/mine'); // train-model.ts; a larger model extracts better
const { value } = await model.object('Ann, 34, engineer', { schema: Person, maxTokens: 100 });
console.log(value.name.length, value.age + 1, value.job);
