/** A model of this machine for the Vercel AI SDK, with no server. */
import { generateText } from 'ai';
import { createTslm } from 'tslm/ai-sdk';

const tslm = createTslm();
const { text } = await generateText({ model: tslm('runs/mine'), prompt: 'The ', maxOutputTokens: 16 });
console.log(text);
await tslm.close();
