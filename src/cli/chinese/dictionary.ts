/** Every description of a command, an argument and an option in Chinese, by its English text. */
import { countTexts } from './counts.ts';
import { evaluationTexts } from './evaluation.ts';
import { generationTexts } from './generation.ts';
import { learningTexts } from './learning.ts';
import { machineTexts } from './machine.ts';
import { dataTexts } from './prepare.ts';
import { promptTexts } from './prompts.ts';
import { servingTexts } from './serving.ts';
import { tokenizerTexts } from './tokenizer.ts';
import { trainingTexts } from './training.ts';

export const dictionary: ReadonlyMap<string, string> = new Map(
  [
    dataTexts,
    tokenizerTexts,
    trainingTexts,
    evaluationTexts,
    promptTexts,
    generationTexts,
    servingTexts,
    learningTexts,
    countTexts,
    machineTexts,
  ].flatMap(texts => Object.entries(texts)),
);
