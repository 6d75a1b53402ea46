/** The families, by the `model_type` of their config.json. */
import type { Family } from '../family.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';

export const families: Record<string, Family> = { gpt2, llama };

export const familyNames = Object.keys(families);
