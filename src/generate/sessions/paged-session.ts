/**
 * Generation with keys and values in pages, as a server has them: a model whose weights are packed gives a text the same bits
 * alone, in a batch and from a server. Rows share the pages that are full; nothing is padded.
 */
import type { Model } from '../../models/model.ts';
import { hasProducts } from '../../torch/products.ts';
import { canPage, pagedModel } from './paged-model.ts';
import { type CachedSession, padMask, type Reading, type ReadOptions } from './session.ts';

export interface PagedSessionOptions {
  /** Most positions that will be fed. */
  capacity: number;
  /** Most rows at a time. */
  rows: number;
  /** 0 for tokens of the first call that do not count: [batch][time]; default all count. */
  attentionMask?: readonly ArrayLike<number>[];
}

interface Row {
  pages: number[];
  past: number;
  /** Positions of the first call that do not count, padding to the longest row included. */
  hidden: number;
}

const PAGE = 32;

/** Whether the products that do not depend on the batch are those of this model. */
export const readsPages = (model: Model): boolean =>
  hasProducts() && canPage(model) && model.device === 'cpu' && model.parameters()[0].dtype === 'bfloat16';

/** It shows no hidden states. */
export function pagedSession(
  model: Model,
  { capacity, rows: most, attentionMask }: PagedSessionOptions,
): CachedSession {
  const paged = pagedModel(model, { pages: most * Math.ceil(capacity / PAGE), pageSize: PAGE });
  const uses = new Int32Array(paged.pages);
  const free = [...uses.keys()];
  let rows: Row[] | undefined;

  const take = (): number => {
    const page = free.pop();
    if (page === undefined) throw new RangeError(`the cache holds ${capacity} positions of ${most} rows, and no more`);
    uses[page] = 1;
    return page;
  };
  const leave = (pages: readonly number[]): void => {
    for (const page of pages) if (--uses[page] === 0) free.push(page);
  };
  /** Another row with the same beginning: only the page that is still written to must be its own. */
  const copyOf = ({ pages, past, hidden }: Row): Row => {
    const shared = pages.slice(0, Math.floor(past / PAGE));
    for (const page of shared) uses[page]++;
    const own = past % PAGE === 0 ? [] : [take()];
    if (own.length > 0) paged.copyPage(pages[shared.length], own[0]);
    return { pages: [...shared, ...own], past, hidden };
  };
  /** Tokens of the first call that count, and how many positions of each row do not. */
  const begin = (input: readonly ArrayLike<number>[]): number[][] => {
    const masks = padMask(input, 'left', attentionMask);
    rows = masks.map(mask => ({ pages: [], past: 0, hidden: mask.filter(counts => counts === 0).length }));
    return input.map((ids, r) => Array.from(ids).filter((_, i) => masks[r][masks[r].length - ids.length + i] !== 0));
  };

  return {
    read,
    step: input => read(input).logits.map(([last]) => last),
    truncate(length) {
      for (const row of rows ?? []) {
        row.past = Math.min(row.past, Math.max(0, length - row.hidden));
        leave(row.pages.splice(Math.ceil(row.past / PAGE)));
      }
    },
    selectRows(selected) {
      const before = rows!;
      const kept = new Set(selected);
      for (const [r, row] of before.entries()) if (!kept.has(r)) leave(row.pages);
      rows = selected.map((r, i) => (selected.indexOf(r) === i ? before[r] : copyOf(before[r])));
    },
    [Symbol.dispose]: () => paged[Symbol.dispose](),
  };

  function read(input: readonly ArrayLike<number>[], { logitsToKeep = 1 }: ReadOptions = {}): Reading {
    const texts = rows ? input : begin(input);
    const inputs = rows!.map((row, r) => {
      const end = row.past + texts[r].length;
      while (row.pages.length * PAGE < end) row.pages.push(take());
      return {
        ids: texts[r],
        past: row.past,
        pages: row.pages,
        logits: logitsToKeep > 1 ? ('all' as const) : ('last' as const),
      };
    });
    const logits = paged.forward(inputs);
    for (const [r, row] of rows!.entries()) row.past += texts[r].length;
    return { logits: logits.map(all => all.slice(-logitsToKeep)) };
  }
}
