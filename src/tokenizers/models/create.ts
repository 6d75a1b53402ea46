/** Models of tokenizer.json by their type. */
import { createComponent, type Factory } from '../folders/tokenizer-json.ts';
import { createBpe } from './bpe.ts';
import type { Model } from './model.ts';
import { createUnigram } from './unigram.ts';
import { createWordLevel } from './word-level.ts';
import { createWordPiece } from './word-piece.ts';

/** Every supported model by its `type` in tokenizer.json. */
const MODELS: Record<string, Factory<Model>> = {
  BPE: createBpe,
  Unigram: createUnigram,
  WordLevel: createWordLevel,
  WordPiece: createWordPiece,
};

export const createModel: Factory<Model> = (config, where) => createComponent(MODELS, 'model', config, where);
