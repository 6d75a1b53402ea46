/**
 * A vision encoder and a text decoder that attends to it, as for captions (Vinyals et al. 2015; with Transformers, Li et al.
 * 2023): each part is described by its own family.
 */
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import { commonConfig } from '../config-keys.ts';
import { Decoder } from '../decoder.ts';
import { EncoderDecoder } from '../encoder-decoder.ts';
import { defineFamily, type Family, type KeyRule } from '../family.ts';
import { LMHead } from '../heads/lm.ts';
import { initializeNormal, Model } from '../model.ts';
import { gpt2 } from './gpt2.ts';
import { vit } from './vit.ts';

const encoders: Record<string, Family> = { vit };
const decoders: Record<string, Family> = { gpt2 };

/** The config.json of a part; what its family knows is checked there. */
const part = (families: Record<string, Family>) =>
  z.looseObject({
    model_type: z.enum(Object.keys(families)),
    pad_token_id: z.int().nullish(),
    bos_token_id: z.int().nullish(),
    decoder_start_token_id: z.int().nullish(),
    tie_word_embeddings: z.boolean().optional(),
    // Between widths that differ stands a projection of the pair's own.
    cross_attention_hidden_size: z.null().optional(),
  });

const config = z.object({
  ...commonConfig,
  encoder: part(encoders),
  decoder: part(decoders),
  decoder_start_token_id: z.int().nullish(),
  // The decoder's own says it.
  tie_word_embeddings: z.boolean().optional(),
});

type PairConfig = z.output<typeof config>;

const familiesOf = ({ encoder, decoder }: PairConfig): { encoder: Family; decoder: Family } => ({
  encoder: encoders[encoder.model_type],
  decoder: decoders[decoder.model_type],
});

/** A part's config.json without what was checked here. */
const ownConfig = ({ cross_attention_hidden_size: _, ...own }: Record<string, unknown>): Record<string, unknown> => own;

/** A family's rules for one of the two: paths below it, and keys below its name. */
function partKeys({ keys, prefix }: Family, side: 'encoder' | 'decoder', own: Record<string, unknown>): KeyRule[] {
  const isDecoder = side === 'decoder';
  const rules = typeof keys === 'function' ? keys(own, isDecoder ? 'causalLM' : 'backbone') : keys;
  // The encoder is a bare model, the decoder one with its head.
  const named = (key: string): string =>
    `${side}.${isDecoder || !key.startsWith(prefix) ? key : key.slice(prefix.length)}`;
  return rules
    .filter(([path]) => isDecoder || path.startsWith('backbone.'))
    .map(([path, key, change]) => [
      path.replace(/^backbone\./, `backbone.${side}.`),
      typeof key === 'string' ? named(key) : (...numbers: number[]) => named(key(...numbers)),
      change,
    ]);
}

export const visionEncoderDecoder = defineFamily({
  modelType: 'vision-encoder-decoder',
  architectures: { VisionEncoderDecoderModel: 'seq2seqLM' },
  config,
  backbone(c, _, { where }) {
    const families = familiesOf(c);
    const built = {
      encoder: families.encoder.build(ownConfig(c.encoder), 'backbone', { where: `${where}, 'encoder'` }).backbone,
      decoder: families.decoder.build(ownConfig(c.decoder), 'backbone', { where: `${where}, 'decoder'` }).backbone,
    };
    const { encoder, decoder } = built;
    if (!(decoder instanceof Decoder && decoder.options.layers.every(({ crossAttention }) => crossAttention))) {
      throw usageError(
        'TSLM_BAD_VALUE',
        `${where}: 'decoder.add_cross_attention' must be true: the decoder cannot see`,
      );
    }
    const start = c.decoder_start_token_id ?? c.decoder.decoder_start_token_id ?? c.decoder.bos_token_id ?? 0;
    return new EncoderDecoder(
      { encoder, decoder, projection: encoder.hidden !== decoder.hidden },
      { decoderStartTokenId: start, padTokenId: c.pad_token_id ?? c.decoder.pad_token_id ?? 0 },
    );
  },
  heads: {
    seq2seqLM: (c, { hidden, decoder: { embeddings } }: EncoderDecoder) =>
      new LMHead({
        hidden,
        vocabSize: embeddings.word.weight.size(0),
        tied: (c.decoder.tie_word_embeddings ?? true) ? embeddings.word : undefined,
        shiftLabels: false,
      }),
  },
  initialize({ backbone, head, config: json }) {
    const c = config.parse(json);
    const families = familiesOf(c);
    const { encoder, decoder, projection } = backbone as EncoderDecoder;
    const parts = {
      encoder: new Model({ backbone: encoder, family: families.encoder, task: 'backbone', config: c.encoder }),
      decoder: new Model({ backbone: decoder, head, family: families.decoder, task: 'causalLM', config: c.decoder }),
    };
    for (const made of [parts.encoder, parts.decoder]) made.family.initialize(made);
    if (projection) initializeNormal(projection, 0.02);
  },
  keys(json) {
    const c = config.parse(json);
    const families = familiesOf(c);
    return [
      ...partKeys(families.encoder, 'encoder', c.encoder),
      ...partKeys(families.decoder, 'decoder', c.decoder),
      ['backbone.projection.', 'enc_to_dec_proj.'],
    ];
  },
  prefix: '',
  // What the families of the parts ignore.
  ignoredKeys: new RegExp([vit, gpt2].map(({ ignoredKeys }) => ignoredKeys!.source).join('|')),
});
