/** A text encoder and a text decoder that were trained apart (Rothe et al. 2020), such as BERT with BERT. */

import { bertDecoder, robertaDecoder } from './bert/decoder.ts';
import { bert } from './bert/family.ts';
import { gpt2 } from './gpt2/family.ts';
import { roberta } from './roberta.ts';
import { pairFamily } from './shared/pair.ts';

export const encoderDecoder = pairFamily({
  modelType: 'encoder-decoder',
  architecture: 'EncoderDecoderModel',
  encoders: { bert, roberta },
  decoders: { bert: bertDecoder, roberta: robertaDecoder, gpt2 },
  hidesPadding: true,
});
