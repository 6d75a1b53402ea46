/** A vision encoder and a text decoder that attends to it, as for captions (Vinyals et al. 2015; Li et al. 2023). */

import { bertDecoder, robertaDecoder } from './bert/decoder.ts';
import { gpt2 } from './gpt2/family.ts';
import { pairFamily } from './shared/pair.ts';
import { vit } from './vit.ts';

export const visionEncoderDecoder = pairFamily({
  modelType: 'vision-encoder-decoder',
  architecture: 'VisionEncoderDecoderModel',
  encoders: { vit },
  decoders: { gpt2, bert: bertDecoder, roberta: robertaDecoder },
  // A ViT that GPT-2 attends to, of the same sizes; the end-of-text token begins captions and fills them up.
  configFor: (sizes, dropout, eosTokenId) => ({
    encoder: { model_type: 'vit', ...vit.configFor!(sizes, dropout, null) },
    decoder: {
      model_type: 'gpt2',
      is_decoder: true,
      add_cross_attention: true,
      bos_token_id: eosTokenId,
      eos_token_id: eosTokenId,
      ...gpt2.configFor!(sizes, dropout, eosTokenId),
    },
    decoder_start_token_id: eosTokenId,
    pad_token_id: eosTokenId,
  }),
});
