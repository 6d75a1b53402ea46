/** The small masked language model that makes a discriminator's inputs (Clark et al. 2020, 2 and 3.2). */

import { noGrad, scope } from '../../../torch/index.ts';
import type { Encoder } from '../../encoder.ts';
import { Model } from '../../model.ts';
import { electra } from './family.ts';
import { config, electraEncoder, electraMaskedLM } from './network.ts';

export interface GeneratorOptions {
  /** Of the weights that are its own. */
  seed: number;
  /** Its width as a share of the discriminator's. Default 1/4. */
  share?: number;
}

/**
 * A generator beside a discriminator: narrower layers over the same vectors of words, positions and segments, which are
 * the same tables, on the same device.
 *
 * @param discriminator an ELECTRA model
 */
export function electraGenerator(discriminator: Model, { seed, share = 1 / 4 }: GeneratorOptions): Model {
  const { hidden_size, num_attention_heads, intermediate_size, architectures: _, ...rest } = discriminator.config;
  const whole = config.parse(discriminator.config);
  const hidden = Math.max(1, Math.round(whole.hidden_size * share));
  // The most heads of about the same width that divide it.
  let heads = Math.max(1, Math.round(whole.num_attention_heads * share));
  while (hidden % heads !== 0) heads--;
  const json = {
    ...rest,
    architectures: ['ElectraForMaskedLM'],
    embedding_size: whole.embedding_size,
    hidden_size: hidden,
    num_attention_heads: heads,
    intermediate_size: Math.max(1, Math.round(whole.intermediate_size * share)),
  };
  const c = config.parse(json);
  const { word, positions, tokenTypes } = (discriminator.backbone as Encoder).embeddings;
  const backbone = electraEncoder(c, word);
  const generator = new Model({
    backbone,
    head: electraMaskedLM(c, word),
    family: electra,
    task: 'maskedLM',
    config: json,
  });
  scope(() => {
    const words = noGrad(() => word.weight.clone());
    generator.initialize(seed);
    noGrad(() => word.weight.copy_(words));
  });
  const { positions: own, tokenTypes: ownTypes } = backbone.embeddings;
  Object.assign(backbone.embeddings, { positions, tokenTypes });
  own?.dispose();
  ownTypes?.dispose();
  return generator.to({ device: discriminator.device });
}
