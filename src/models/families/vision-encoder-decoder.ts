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
});
