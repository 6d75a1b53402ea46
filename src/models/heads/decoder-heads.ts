/** The heads that decoder families have in common. */
import { labelCount } from '../config/keys.ts';
import type { Decoder } from '../decoder.ts';
import type { Head, Task } from '../model.ts';
import type { ProblemType } from './classification.ts';
import { LastTokenClassificationHead } from './last-token-classification.ts';
import { LMHead } from './lm.ts';
import { SpanHead } from './span.ts';
import { TokenClassificationHead } from './token-classification.ts';

interface DecoderConfig {
  tie_word_embeddings?: boolean;
  id2label?: Record<string, string> | null;
  num_labels?: number | null;
  problem_type?: ProblemType | null;
  pad_token_id?: number | null;
  final_logit_softcapping?: number | null;
  classifier_dropout?: number | null;
  hidden_dropout?: number;
}

/** @param options.tied whether the output layer is the embedding table where config.json does not say */
export const decoderHeadsWith = ({ tied }: { tied: boolean }) =>
  ({
    causalLM: (c: DecoderConfig, { hidden, embeddings: { word } }: Decoder) =>
      new LMHead({
        hidden,
        vocabSize: word.weight.size(0),
        tied: (c.tie_word_embeddings ?? tied) ? word : undefined,
        softcap: c.final_logit_softcapping ?? undefined,
        shiftLabels: true,
      }),
    sequenceClassification: (c: DecoderConfig, { hidden }: Decoder) =>
      new LastTokenClassificationHead({
        hidden,
        labels: labelCount(c),
        problemType: c.problem_type,
        padTokenId: c.pad_token_id,
      }),
    tokenClassification: (c: DecoderConfig, { hidden }: Decoder) =>
      new TokenClassificationHead({
        hidden,
        labels: labelCount(c),
        dropout: c.classifier_dropout ?? c.hidden_dropout ?? 0.1,
      }),
    questionAnswering: (_: DecoderConfig, { hidden }: Decoder) => new SpanHead(hidden),
  }) satisfies Partial<Record<Task, (config: DecoderConfig, backbone: Decoder) => Head>>;

/** Output layer and embedding table are one unless config.json says otherwise. */
export const decoderHeads = decoderHeadsWith({ tied: true });
