/** What a model can be asked for, as its head and its tokenizer decide. */
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { readsText } from './inputs.ts';

/** What a model can be asked for; each endpoint names the one that it needs. */
export type Ability =
  | 'generate'
  | 'chat'
  | 'embed'
  | 'classify'
  | 'rerank'
  | 'fillMask'
  | 'translate'
  | 'summarize'
  | 'answer'
  | 'inspect';

/** In the order of `Ability`; a model that reads images has none. */
export function abilitiesOf(model: Model, tokenizer: Tokenizer): Ability[] {
  if (!readsText(model)) return [];
  const { task, backbone } = model;
  const isDecoder = task === 'causalLM';
  const answersText = task === 'seq2seqLM' && backbone.kind === 'encoderDecoder';
  const able: Record<Ability, boolean> = {
    generate: isDecoder || answersText,
    chat: isDecoder && tokenizer.config.chat_template != null,
    embed: true,
    classify: task === 'sequenceClassification',
    rerank: true,
    fillMask: (task === 'maskedLM' || task === 'pretraining') && tokenizer.maskTokenId !== undefined,
    translate: answersText,
    summarize: answersText,
    answer: task === 'questionAnswering',
    inspect: true,
  };
  return (Object.keys(able) as Ability[]).filter(ability => able[ability]);
}
