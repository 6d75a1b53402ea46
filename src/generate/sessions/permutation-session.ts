/**
 * Generation with XLNet (Yang et al. 2019, arXiv:1906.08237): the next token is asked for as a target that stands after
 * the text, at a dummy token which nothing sees. Every position sees all others, so there is no cache to keep; with
 * memory, the hidden states of all but the last two tokens are used as they were (as in transformers).
 */
import type { Model } from '../../models/model.ts';
import { dispose, inferenceMode, keep, scope, type Tensor, tensor } from '../../torch/index.ts';
import { int64, padMask, padRows, repeat, type Session, vectorsOf } from './session.ts';

export interface PermutationSessionOptions {
  /** 0 for tokens of the first call that do not count: [batch][time]; default all count. */
  attentionMask?: readonly ArrayLike<number>[];
  /** Keep hidden states instead of computing the whole text anew, except where there is padding. Default false. */
  useMems?: boolean;
}

/** Tokens that are computed anew with memory: the new one, and the one before it, which had not seen its successor. */
const RECOMPUTED = 2;

export function permutationSession(
  model: Model,
  { attentionMask, useMems = false }: PermutationSessionOptions = {},
): Session {
  const { device } = model;
  let texts: number[][] | undefined;
  let masks: number[][];
  /** Per layer [memory, batch, hidden]. */
  let mems: Tensor[] | undefined;
  return {
    step(input) {
      if (texts) {
        texts = texts.map((text, r) => [...text, ...Array.from(input[r])]);
        masks = masks.map((mask, r) => [...mask, ...repeat(1, input[r].length)]);
      } else {
        texts = padRows(input, 'left', 0);
        masks = padMask(input, 'left', attentionMask);
      }
      // Everything sees the memory, padding in it, too.
      const remembers = useMems && !masks.some(mask => mask.includes(0));
      const fed = texts.map(text => [...(mems ? text.slice(-RECOMPUTED) : text), 0]);
      const seen = masks.map(mask => [...(mems ? mask.slice(-RECOMPUTED) : mask), 1]);
      const [batch, time] = [fed.length, fed[0].length];
      const last = [...repeat(0, time - 1), 1];
      return scope(() =>
        inferenceMode(() => {
          const { logits, mems: memory } = model.forward({
            inputIds: int64(fed.flat(), [batch, time], device),
            attentionMask: seen.some(mask => mask.includes(0)) ? int64(seen.flat(), [batch, time], device) : undefined,
            permMask: tensor(last, { device }).expand([batch, time, time]),
            targetMapping: tensor([last], { device }).expand([batch, 1, time]),
            mems,
            useMems: remembers,
          });
          dispose(mems);
          mems = memory?.map(states =>
            keep(states.narrow(0, 0, Math.max(0, states.size(0) - RECOMPUTED)).contiguous()),
          );
          return vectorsOf(logits!).map(([row]) => row);
        }),
      );
    },
    selectRows(rows) {
      texts = rows.map(r => texts![r]);
      masks = rows.map(r => masks[r]);
      scope(() =>
        inferenceMode(() => {
          const index = int64(rows, [rows.length], device);
          const selected = mems?.map(states => keep(states.indexSelect(1, index)));
          dispose(mems);
          mems = selected;
        }),
      );
    },
    [Symbol.dispose]: () => dispose(mems),
  };
}
