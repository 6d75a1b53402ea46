/** A text encoder and a text decoder that were trained apart (Rothe et al. 2020), such as BERT with BERT. */

import { bertDecoder, robertaDecoder } from '../networks/bert-decoder.ts';
import { pairFamily } from '../networks/pair.ts';
import { bert } from './bert.ts';
import { gpt2 } from './gpt2.ts';
import { roberta } from './roberta.ts';

export const encoderDecoder = pairFamily({
  modelType: 'encoder-decoder',
  architecture: 'EncoderDecoderModel',
  encoders: { bert, roberta },
  decoders: { bert: bertDecoder, roberta: robertaDecoder, gpt2 },
  hidesPadding: true,
});
