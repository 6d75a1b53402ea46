/** BERT and RoBERTa made to write (Rothe et al. 2020): each position sees what came before, and an encoder's output. */
import { z } from 'zod';
import { size } from '../../config/keys.ts';
import { Decoder } from '../../decoder.ts';
import { defineFamily, type Family, type KeyRule } from '../../family.ts';
import { roberta, robertaKeys, robertaMaskedLM } from '../roberta.ts';
import { bert } from './family.ts';
import { bertConfig, bertStack, maskedLM } from './network.ts';

const config = z.object({
  ...bertConfig,
  is_decoder: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
});

type DecoderConfig = z.output<typeof config>;

function decoder(c: DecoderConfig, positionsAfterPadding?: number): Decoder {
  if (!c.is_decoder) throw new RangeError('is_decoder must be true for a network that writes');
  const { layers, ...stack } = bertStack(c, { positionsAfterPadding });
  const crossing = c.add_cross_attention;
  return new Decoder({
    ...stack,
    layers: layers.map(layer => ({ ...layer, crossAttention: crossing ? layer.attention : undefined })),
  });
}

const crossKeys = (prefix: string): readonly KeyRule[] => {
  const [path, key] = ['backbone.stack.layers.*.crossAttention', `${prefix}encoder.layer.*.crossattention`];
  return [
    ...['query', 'key', 'value'].map((part): KeyRule => [`${path}.${part}.`, `${key}.self.${part}.`]),
    [`${path}.output.`, `${key}.output.dense.`],
    [`${path}Norm.`, `${key}.output.LayerNorm.`],
  ];
};

/** BERT's head for masked words says the next one here. */
export const bertDecoder: Family = defineFamily({
  ...bert,
  architectures: { BertLMHeadModel: 'causalLM' },
  config,
  backbone: c => decoder(c),
  heads: { causalLM: (c, backbone: Decoder) => maskedLM(c, backbone) },
  keys: [...crossKeys('bert.'), ...(bert.keys as readonly KeyRule[])],
});

export const robertaDecoder: Family = defineFamily({
  ...roberta,
  architectures: { RobertaForCausalLM: 'causalLM' },
  config: config.extend({ vocab_size: size(50265), pad_token_id: z.int().min(0).default(1) }),
  backbone: c => decoder(c, c.pad_token_id),
  heads: { causalLM: (c, backbone: Decoder) => robertaMaskedLM(c, backbone) },
  keys: [...crossKeys('roberta.'), ...robertaKeys('roberta.', 'causalLM')],
});
