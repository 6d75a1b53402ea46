/**
 * An encoder and a decoder of different families made one model (Rothe et al. 2020): each half is described by its own
 * family, and its keys stand below its name.
 */
import { z } from 'zod';
import { UserError } from '../../../support/errors.ts';
import { parseOptions } from '../../../support/schema.ts';
import { bookkeepingKeys, commonConfig } from '../../config/keys.ts';
import { Decoder } from '../../decoder.ts';
import { EncoderDecoder } from '../../encoder-decoder.ts';
import type { Family, KeyRule } from '../../family.ts';
import { DecodersOwnHead } from '../../heads/decoders-own.ts';
import { initializeNormal, Model } from '../../model.ts';

export interface PairOptions {
  modelType: string;
  /** The class in Hugging Face Transformers. */
  architecture: string;
  /** By `model_type`. */
  encoders: Record<string, Family>;
  /** Language models that can attend to an encoder, by `model_type`. */
  decoders: Record<string, Family>;
  /** The decoder does not see the padding of labels. Default false. */
  hidesPadding?: boolean;
  configFor?: Family['configFor'];
}

/** The config.json of a half: its family knows the rest. */
const half = (families: Record<string, Family>) =>
  z.looseObject({
    model_type: z.enum(Object.keys(families)),
    pad_token_id: z.int().nullish(),
    bos_token_id: z.int().nullish(),
    decoder_start_token_id: z.int().nullish(),
    // Between widths that differ stands a projection of the pair's own.
    cross_attention_hidden_size: z.null().optional(),
  });

/** What is left of it for its family. */
const ownConfig = ({ cross_attention_hidden_size: _, ...own }: Record<string, unknown>): Record<string, unknown> => own;

/** A family's rules for one of the halves: paths below it, and keys below its name. */
function halfKeys({ keys, prefix }: Family, side: 'encoder' | 'decoder', own: Record<string, unknown>): KeyRule[] {
  const isDecoder = side === 'decoder';
  const rules = typeof keys === 'function' ? keys(own, isDecoder ? 'causalLM' : 'backbone') : keys;
  // The encoder is a bare model, the decoder one with its head.
  const named = (key: string): string =>
    `${side}.${isDecoder || !key.startsWith(prefix) ? key : key.slice(prefix.length)}`;
  return rules
    .filter(([path]) => isDecoder || path.startsWith('backbone.'))
    .map(([path, key, change]) => [
      path.replace(/^backbone\./, `backbone.${side}.`).replace(/^head\./, 'head.decoder.'),
      typeof key === 'string' ? named(key) : (...numbers: number[]) => named(key(...numbers)),
      change,
    ]);
}

export function pairFamily({
  modelType,
  architecture,
  encoders,
  decoders,
  hidesPadding,
  configFor,
}: PairOptions): Family {
  const schema = z
    .object({
      ...commonConfig,
      encoder: half(encoders),
      decoder: half(decoders),
      decoder_start_token_id: z.int().nullish(),
      // The decoder's own say it.
      tie_word_embeddings: z.boolean().optional(),
      vocab_size: z.int().positive().optional(),
      performer: z.null('a pair has no attention by random features').optional(),
    })
    .strict();
  const halves = (json: Record<string, unknown>) => {
    const { encoder, decoder } = json as z.output<typeof schema>;
    return {
      encoder: { family: encoders[encoder.model_type], config: ownConfig(encoder) },
      decoder: { family: decoders[decoder.model_type], config: ownConfig(decoder) },
    };
  };
  const all = [...Object.values(encoders), ...Object.values(decoders)];
  // A key that starts with a head's name is the decoder's.
  const below = (source: string): string => source.replaceAll('^', '^decoder\\.');
  const ignored = all.flatMap(({ ignoredKeys }) => (ignoredKeys ? [below(ignoredKeys.source)] : []));
  const older = new Set(all.flatMap(({ olderKeys = [] }) => olderKeys));
  return {
    modelType,
    architectures: { [architecture]: 'seq2seqLM' },
    configFor,
    schema,
    build(json, _, { where }) {
      const meaningful = Object.entries(json).filter(([key]) => key in schema.shape || !bookkeepingKeys.has(key));
      const c = parseOptions(schema, Object.fromEntries(meaningful), where);
      const { encoder, decoder } = halves(json);
      const reader = encoder.family.build(encoder.config, 'backbone', { where: `${where}, 'encoder'` }).backbone;
      const written = decoder.family.build(decoder.config, 'causalLM', { where: `${where}, 'decoder'` });
      const writer = written.backbone;
      if (!(writer instanceof Decoder && writer.options.layers.every(({ crossAttention }) => crossAttention))) {
        throw new UserError('TSLM_BAD_VALUE', `${where}: 'decoder.add_cross_attention' must be true`, {
          hint: 'without it, the decoder learns nothing of what the encoder reads',
        });
      }
      const start = c.decoder_start_token_id ?? c.decoder.decoder_start_token_id ?? c.decoder.bos_token_id ?? 0;
      const backbone = new EncoderDecoder(
        { encoder: reader, decoder: writer, projection: reader.hidden !== writer.hidden },
        { decoderStartTokenId: start, padTokenId: c.pad_token_id ?? c.decoder.pad_token_id ?? 0, hidesPadding },
      );
      return { backbone, head: new DecodersOwnHead(written.head!) };
    },
    initialize({ backbone, head, config }) {
      const { encoder, decoder } = halves(config);
      const pair = backbone as EncoderDecoder;
      const reader = new Model({ ...encoder, backbone: pair.encoder, task: 'backbone' });
      const writer = new Model({
        ...decoder,
        backbone: pair.decoder,
        head: (head as DecodersOwnHead).decoder,
        task: 'causalLM',
      });
      for (const made of [reader, writer]) made.family.initialize(made);
      if (pair.projection) initializeNormal(pair.projection, 0.02);
    },
    keys(config) {
      const { encoder, decoder } = halves(config);
      return [
        ...halfKeys(encoder.family, 'encoder', encoder.config),
        ...halfKeys(decoder.family, 'decoder', decoder.config),
        ['backbone.projection.', 'enc_to_dec_proj.'],
      ];
    },
    olderKeys: [...older].map(([{ source }, name]) => [
      new RegExp(below(source)),
      source.startsWith('^') ? `decoder.${name}` : name,
    ]),
    prefix: '',
    ignoredKeys: new RegExp(ignored.join('|') || '$^'),
  };
}
