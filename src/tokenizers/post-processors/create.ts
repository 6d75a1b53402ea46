/** Post-processors of tokenizer.json by their type. */
import { z } from 'zod';
import { createComponent, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { createBertProcessing } from './bert-processing.ts';
import { createByteLevel } from './byte-level.ts';
import type { PostProcessor } from './post-processor.ts';
import { createRobertaProcessing } from './roberta-processing.ts';
import { createTemplateProcessing } from './template-processing.ts';

/** Every supported post-processor by its `type` in tokenizer.json. */
const POST_PROCESSORS: Record<string, Factory<PostProcessor>> = {
  BertProcessing: createBertProcessing,
  ByteLevel: createByteLevel,
  RobertaProcessing: createRobertaProcessing,
  Sequence: createSequence,
  TemplateProcessing: createTemplateProcessing,
};

export const createPostProcessor: Factory<PostProcessor> = (config, where) =>
  createComponent(POST_PROCESSORS, 'post-processor', config, where);

const sequenceSchema = z.strictObject({ type: z.literal('Sequence'), processors: z.array(z.unknown()) });

function createSequence(config: unknown, where: string): PostProcessor {
  const { processors } = parseConfig(sequenceSchema, config, where);
  const parts = processors.map((part, i) => createPostProcessor(part, `${where}.processors[${i}]`));
  return {
    addedTokens: isPair => parts.reduce((count, part) => count + part.addedTokens(isPair), 0),
    process: (encodings, addSpecialTokens) =>
      parts.reduce((changed, part) => part.process(changed, addSpecialTokens), encodings),
  };
}
