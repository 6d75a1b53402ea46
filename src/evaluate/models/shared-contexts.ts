/**
 * Several continuations of one context, as the answers of a multiple-choice question are: the context is read once, and its keys
 * and values serve each of them.
 */
import { int64, padMask, padRows, repeat } from '../../generate/sessions/session.ts';
import type { Model } from '../../models/model.ts';
import { KVCache } from '../../nn/index.ts';
import { partsOf } from '../../support/parts.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import { logProbsAt, type TokenLogProb } from './token-log-probs.ts';

export interface SharedContext {
  context: readonly number[];
  continuations: readonly (readonly number[])[];
}

/**
 * @returns for each context and each of its continuations the log-probabilities of the continuation's tokens
 */
export function scoreShared(model: Model, shared: readonly SharedContext[]): TokenLogProb[][][] {
  const { device, backbone } = model;
  const contexts = shared.map(({ context }) => context);
  const width = Math.max(...contexts.map(({ length }) => length));
  const asked = shared.flatMap(({ continuations }, row) => continuations.map(continuation => ({ row, continuation })));
  // The last token of a continuation is asked for and not read.
  const longest = Math.max(...asked.map(({ continuation }) => continuation.length)) - 1;
  const masks = padMask(contexts, 'left');
  using cache = new KVCache(backbone.layerCount, width + longest);

  // Contexts end at the same place, so that continuations begin there together.
  const first = logProbsAt(
    model,
    () => {
      const shape = [contexts.length, width];
      const positions = contexts.flatMap(({ length }) => [...repeat(0, width - length), ...range(0, length)]);
      return backbone.forward({
        inputIds: int64(padRows(contexts, 'left', 0).flat(), shape, device),
        attentionMask: int64(masks.flat(), shape, device),
        positionIds: int64(positions, shape, device),
        cache,
      }).lastHiddenState;
    },
    asked.map(({ row, continuation: [id] }) => ({ row, at: width - 1, id })),
  );

  const longer = asked.filter(({ continuation }) => continuation.length > 1);
  const rest = longer.length === 0 ? [] : restOf(longer);
  const restBy = new Map(longer.map((one, i) => [one, rest[i]]));
  const scores = asked.map((one, i) => [first[i], ...(restBy.get(one) ?? [])]);
  return partsOf(
    scores,
    shared.map(({ continuations }) => continuations.length),
  );

  function restOf(rows: typeof asked): TokenLogProb[][] {
    const chosen = rows.map(({ row }) => row);
    scope(() => inferenceMode(() => cache.selectRows(int64(chosen, [chosen.length], device))));
    const shape = [rows.length, longest];
    const inputs = rows.map(({ continuation }) => continuation.slice(0, -1));
    const found = logProbsAt(
      model,
      () =>
        backbone.forward({
          inputIds: int64(padRows(inputs, 'right', 0).flat(), shape, device),
          attentionMask: int64(
            chosen.flatMap(row => [...masks[row], ...repeat(1, longest)]),
            [rows.length, width + longest],
            device,
          ),
          positionIds: int64(
            chosen.flatMap(row => range(contexts[row].length, longest)),
            shape,
            device,
          ),
          cache,
        }).lastHiddenState,
      rows.flatMap(({ continuation }, row) => continuation.slice(1).map((id, t) => ({ row, at: t, id }))),
    );
    return partsOf(
      found,
      rows.map(({ continuation }) => continuation.length - 1),
    );
  }
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
