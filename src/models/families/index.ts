/** The families, by the `model_type` of their config.json. */
import type { Family } from '../family.ts';
import { albert } from './albert/family.ts';
import { bart } from './bart.ts';
import { bert } from './bert/family.ts';
import { bigBird } from './big-bird/family.ts';
import { bloom } from './bloom.ts';
import { distilbert } from './distilbert/family.ts';
import { electra } from './electra/family.ts';
import { encoderDecoder } from './encoder-decoder.ts';
import { gemma2 } from './gemma2/family.ts';
import { gemma3Text } from './gemma3-text.ts';
import { gpt2 } from './gpt2/family.ts';
import { llama } from './llama.ts';
import { longformer } from './longformer/family.ts';
import { marian } from './marian.ts';
import { mistral } from './mistral.ts';
import { modernbert } from './modernbert/family.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { camembert, roberta, xlmRoberta } from './roberta.ts';
import { mt5, t5 } from './t5/family.ts';
import { visionEncoderDecoder } from './vision-encoder-decoder.ts';
import { vit } from './vit.ts';
import { xlnet } from './xlnet/family.ts';

export const families: Record<string, Family> = {
  albert,
  bart,
  bert,
  big_bird: bigBird,
  bloom,
  camembert,
  distilbert,
  electra,
  'encoder-decoder': encoderDecoder,
  gemma2,
  gemma3_text: gemma3Text,
  gpt2,
  llama,
  longformer,
  marian,
  mistral,
  modernbert,
  mt5,
  phi3,
  qwen2,
  qwen3,
  roberta,
  t5,
  'vision-encoder-decoder': visionEncoderDecoder,
  vit,
  'xlm-roberta': xlmRoberta,
  xlnet,
};

export const familyNames = Object.keys(families);
