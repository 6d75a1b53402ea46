/** `tslm('path/to/model')`: each model is opened once, in a thread of its own, when it is first asked. */
import type { EmbeddingModelV3, LanguageModelV3, ProviderV3 } from '@ai-sdk/provider';
import { z } from 'zod';
import { type OpenOptions, openEngine } from '../engine/open-engine.ts';
import type { Engine } from '../engine/protocol.ts';
import { usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { createEmbeddingModel } from './embedding-model.ts';
import { createLanguageModel } from './language-model.ts';

export interface TslmOptions extends OpenOptions {
  /** Default `openEngine`: a folder of a model or of a run, or a model of the hub that was pulled. */
  open?: (path: string, options: OpenOptions) => Promise<Engine>;
}

export interface TslmProvider extends ProviderV3, AsyncDisposable {
  /** A model that writes. */
  (path: string): LanguageModelV3;
  languageModel(path: string): LanguageModelV3;
  embeddingModel(path: string): EmbeddingModelV3;
  /** Frees the models; work under way is ended. A model that is asked again is opened again. */
  close(): Promise<void>;
}

const limit = z.int().positive().optional();
const optionsSchema = z.strictObject({
  name: z.string().optional(),
  dtype: z.string().optional(), // whoever loads the model knows them
  maxQueue: limit,
  maxBatch: limit,
  memory: z.number().positive().optional(),
  maxContext: limit,
  strictObjects: z.boolean().optional(),
  strict: z.boolean().optional(),
  maxPromptTokens: limit,
  open: z.unknown().optional(),
} satisfies Record<keyof TslmOptions, z.ZodType>);

/** @throws UserError for an option that there is not */
export function createTslm(given: TslmOptions = {}): TslmProvider {
  parseOptions(optionsSchema, given, 'createTslm');
  const { open = openEngine, ...options } = given;
  const engines = new Map<string, Promise<Engine>>();
  const engineOf = (path: string) => (): Promise<Engine> => {
    const known = engines.get(path);
    if (known) return known;
    const opening = open(path, options);
    engines.set(path, opening);
    // What could not be opened may be there the next time.
    opening.catch(() => engines.delete(path));
    return opening;
  };
  const close = async (): Promise<void> => {
    const open = [...engines.values()];
    engines.clear();
    await Promise.all(open.map(async opening => (await opening.catch(() => undefined))?.close()));
  };
  const languageModel = (path: string): LanguageModelV3 => createLanguageModel(path, engineOf(path));
  return Object.assign((path: string) => languageModel(path), {
    specificationVersion: 'v3' as const,
    languageModel,
    embeddingModel: (path: string) => createEmbeddingModel(path, engineOf(path)),
    imageModel(): never {
      throw usageError(
        'TSLM_NOT_SUPPORTED',
        'image generation is not supported',
        'ask for a languageModel or an embeddingModel',
      );
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}
