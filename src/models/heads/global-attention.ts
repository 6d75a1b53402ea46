/**
 * Heads that choose the global tokens of their task where the inputs do not say (Beltagy et al. 2020, 3.1): the first
 * token of a text, the question of a question and a text, the choices after what they continue.
 */
import { UserError } from '../../support/errors.ts';
import { arange, type Tensor } from '../../torch/index.ts';
import type { ModelInputs } from '../model.ts';
import { MultipleChoiceHead } from './multiple-choice.ts';
import type { SequenceClassifierOptions } from './sequence-classification.ts';
import { SequenceClassificationHead } from './sequence-classification.ts';
import { SpanHead } from './span.ts';

export class GlobalFirstClassificationHead extends SequenceClassificationHead {
  override backboneInputs(inputs: ModelInputs): ModelInputs {
    const { inputIds, inputsEmbeds, globalAttentionMask } = inputs;
    const [batch, time] = (inputIds ?? inputsEmbeds!).shape;
    const { device } = (inputIds ?? inputsEmbeds)!;
    const first = (): Tensor => places(time, device).eq(0).to('int64').expand([batch, time]);
    return { ...inputs, globalAttentionMask: globalAttentionMask ?? first() };
  }
}

/** Everything before the first separator is the question. Without token ids, no token is global. */
export class GlobalQuestionSpanHead extends SpanHead {
  readonly separator: number;

  constructor(hidden: number, { separator }: { separator: number }) {
    super(hidden);
    this.separator = separator;
  }

  override backboneInputs(inputs: ModelInputs): ModelInputs {
    const { inputIds, globalAttentionMask } = inputs;
    const question = inputIds && !globalAttentionMask ? this.#question(inputIds) : undefined;
    return { ...inputs, globalAttentionMask: globalAttentionMask ?? question };
  }

  #question(inputIds: Tensor): Tensor {
    return places(inputIds.size(1), inputIds.device).lt(firstSeparator(inputIds, this.separator)).to('int64');
  }
}

/** Everything after the two separators in the middle is the choice. Without token ids, no token is global. */
export class GlobalChoiceHead extends MultipleChoiceHead {
  readonly separator: number;

  constructor(options: Omit<SequenceClassifierOptions, 'labels' | 'problemType'> & { separator: number }) {
    super(options);
    this.separator = options.separator;
  }

  override backboneInputs(inputs: ModelInputs): ModelInputs {
    const flat = super.backboneInputs(inputs);
    const { inputIds, globalAttentionMask } = flat;
    const choice = inputIds && !globalAttentionMask ? this.#choice(inputIds) : undefined;
    return { ...flat, globalAttentionMask: globalAttentionMask ?? choice };
  }

  #choice(inputIds: Tensor): Tensor {
    return places(inputIds.size(1), inputIds.device).gt(firstSeparator(inputIds, this.separator).add(1)).to('int64');
  }
}

/** int64 [1, time] */
const places = (time: number, device: string): Tensor => arange(0, time, { dtype: 'int64', device }).unsqueeze(0);

/** int64 [batch, 1]: where the first of three separators stands, one between the parts and its double, one at the end */
function firstSeparator(inputIds: Tensor, separator: number): Tensor {
  const isSeparator = inputIds.eq(separator).to('int64');
  const counts = isSeparator.sum(1).toNumbers();
  const row = counts.findIndex(count => count !== 3);
  if (row >= 0) {
    throw new UserError(
      'TSLM_SEPARATORS',
      `row ${row} of the input has ${counts[row]} separators (token ${separator}), not 3: which tokens are global?`,
      { hint: 'join the two parts as <s> a </s></s> b </s>, or give globalAttentionMask' },
    );
  }
  return isSeparator.argmax({ dim: 1, keepdim: true });
}
