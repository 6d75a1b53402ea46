/** Words in the place of masks (Devlin et al. 2019, 3.1), as Transformers' `fill-mask` pipeline gives them. */
import { wordHeadOf } from '../models/heads/word-head.ts';
import type { Model } from '../models/model.ts';
import { UserError, usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { encodeInputs, inBatches } from './inputs.ts';
import { checkTask } from './labels.ts';

export interface FilledMask {
  id: number;
  /** The word, decoded. */
  token: string;
  /** Its probability. */
  score: number;
  /** The whole text with it; other masks stay. */
  sequence: string;
}

export interface FilledMasks {
  /** For each mask of the text the words that fit, the most probable first. */
  masks: FilledMask[][];
  /** Tokens that were read. */
  tokens: number;
}

/**
 * @param options.topK words for each mask; default 5
 * @throws UserError when the model does not predict masked words, or the text has no mask
 */
export function fillMasks(
  model: Model,
  tokenizer: Tokenizer,
  text: string,
  { topK = 5 }: { topK?: number } = {},
): FilledMasks {
  checkTask(model, ['maskedLM', 'pretraining'], 'fill masks');
  const mask = tokenizer.maskTokenId;
  if (mask === undefined) {
    throw new UserError('TSLM_NO_MASK', 'the tokenizer has no mask token', {
      hint: 'set mask_token in tokenizer_config.json',
    });
  }
  const encoded = encodeInputs(model, tokenizer, [text]);
  const [{ ids }] = encoded;
  const places = [...ids.keys()].filter(place => ids[place] === mask);
  if (places.length === 0) {
    throw usageError(
      'TSLM_NO_MASK',
      `there is no mask in the ${ids.length} tokens that the model reads`,
      `write ${tokenizer.config.mask_token} where a word is wanted`,
    );
  }
  const [masks] = inBatches(model, encoded, ({ inputs }) => {
    const logits = wordHeadOf(model)!.forward(model.backbone.forward(inputs), inputs).logits!;
    const count = Math.min(topK, logits.size(-1));
    return [
      places.map(place => {
        const [scores, words] = logits.select(0, 0).select(0, place).softmax(-1).topk(count);
        return { scores: scores.toNumbers(), words: words.toNumbers() };
      }),
    ];
  });
  const skipSpecialTokens = places.length === 1;
  return {
    masks: masks.map(({ scores, words }, m) =>
      words.map((id, i) => ({
        id,
        token: tokenizer.decode([id]),
        score: scores[i],
        sequence: tokenizer.decode(ids.with(places[m], id), { skipSpecialTokens }),
      })),
    ),
    tokens: ids.length,
  };
}
