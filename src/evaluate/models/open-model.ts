/** A model folder as benchmarks ask it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { baseFolderOf } from '../../models/adapters/folder.ts';
import { loadForInference } from '../../models/load-for-inference.ts';
import type { Model } from '../../models/model.ts';
import type { Pooling } from '../../models/pooling.ts';
import { UserError } from '../../support/errors.ts';
import { embedTexts } from '../../tasks/embeddings.ts';
import { embeddingDefaults } from '../../tasks/sentence-transformers.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { Device, DType } from '../../torch/index.ts';
import { causalModel } from './causal-model.ts';
import { encoderDecoderModel } from './encoder-decoder-model.ts';
import type { EvaluatedModel } from './evaluated-model.ts';
import { maskedModel, type PseudoLoglikelihood } from './masked-model.ts';

export interface OpenModelOptions {
  /** How texts are scored where a model could do it in more than one way. Default: as its head says. */
  score?: 'causal' | 'masked';
  /** How a masked model does it. Default `original`. */
  pll?: PseudoLoglikelihood;
  /** How texts become vectors. Default: as the folder's modules.json says, else `last` of a decoder and `mean` of others. */
  pooling?: Pooling;
  /** Element type of the weights. Default float32. */
  dtype?: DType;
  device?: Device;
  onNote?: (note: string) => void;
}

/** @throws UserError when the model neither scores nor writes text, or `score` does not suit it */
export function openEvaluatedModel(
  folder: string,
  { score, pll, pooling, dtype = 'float32', device, onNote }: OpenModelOptions = {},
): EvaluatedModel {
  // The folder of an adapter may leave the tokenizer to the model that it is for.
  const hasTokenizer = existsSync(join(folder, 'tokenizer.json'));
  const tokenizer = Tokenizer.fromFile(hasTokenizer ? folder : (baseFolderOf(folder) ?? folder));
  const model = loadForInference(folder, { dtype, device, onNote });
  try {
    const own = evaluatedModel(model, tokenizer, folder, { score, pll });
    const defaults = embeddingDefaults(folder);
    return {
      ...own,
      async embed(texts) {
        const options = { ...defaults, ...(pooling && { pooling }), normalize: true, truncate: true };
        return embedTexts(model, tokenizer, texts, options).vectors;
      },
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * A model that is loaded, as benchmarks ask it; it makes no vectors of texts.
 *
 * @param folder what it is called
 * @throws UserError when `score` does not suit it
 */
export function evaluatedModel(
  model: Model,
  tokenizer: Tokenizer,
  folder: string,
  { score, pll }: Pick<OpenModelOptions, 'score' | 'pll'> = {},
): EvaluatedModel {
  const { task, backbone } = model;
  const own = scoringOf(model);
  // A decoder may have learnt to find masked tokens as well.
  const scoring = own === 'causal' ? (score ?? own) : own;
  if (score !== undefined && score !== scoring) throw unsuited(folder, task, `--score ${score}`, scoring);
  if (pll !== undefined && scoring !== 'masked') throw unsuited(folder, task, `--pll ${pll}`, scoring);
  if (scoring === 'masked') return maskedModel(model, tokenizer, folder, { pll });
  if (scoring === 'seq2seq') return encoderDecoderModel(model, tokenizer, folder);
  if (scoring === 'causal') return causalModel(model, tokenizer, folder);
  return vectorsAlone(model, folder, `a ${backbone.kind} with the head ${task}`);
}

function scoringOf({ task, backbone }: Model): EvaluatedModel['scoring'] {
  if (task === 'maskedLM' || (task === 'pretraining' && backbone.kind === 'encoder')) return 'masked';
  if (task === 'seq2seqLM') return 'seq2seq';
  return task === 'causalLM' && backbone.kind === 'decoder' ? 'causal' : 'none';
}

/** A model without a head that knows words still makes vectors of texts. */
function vectorsAlone(model: Model, folder: string, what: string): EvaluatedModel {
  const refuse = async (): Promise<never> => {
    throw new UserError('TSLM_NOT_SUPPORTED', `${folder}: ${what} neither scores nor writes texts`, {
      hint: 'choose tasks of the type similarity, or a model with a language-model head',
    });
  };
  return {
    name: folder,
    scoring: 'none',
    loglikelihood: refuse,
    loglikelihoodRolling: refuse,
    generateUntil: refuse,
    [Symbol.dispose]: () => model.dispose(),
  };
}

const unsuited = (folder: string, task: string, option: string, scoring: string): UserError =>
  new UserError('TSLM_NOT_SUPPORTED', `${folder}: ${option} does not suit a model with the head ${task}`, {
    hint: scoring === 'none' ? 'it scores no texts' : `leave it out: the model is scored ${scoring}`,
    exitCode: 2,
  });
