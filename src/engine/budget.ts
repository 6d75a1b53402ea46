/** How much memory the key–value cache gets, decided and stated when a model is loaded. */
import { freemem } from 'node:os';
import { pageBytes } from '../generate/sessions/paged-model.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { formatBytes } from '../support/format.ts';

export interface CacheBudget {
  pages: number;
  pageSize: number;
  bytes: number;
}

/** What is left to everything else when nothing is said: three quarters of what is free. */
const SHARE_OF_FREE = 0.25;

/**
 * As many pages as memory allows, and no more than `maxBatch` texts of the model's whole context could fill.
 *
 * @param options.memory bytes for keys and values; default a quarter of the memory that is free
 * @throws UserError when not even one text of full length fits
 */
export function cacheBudget(
  model: Model,
  {
    memory,
    maxBatch,
    contextLength,
    pageSize = 32,
  }: {
    memory?: number;
    maxBatch: number;
    contextLength: number;
    pageSize?: number;
  },
): CacheBudget {
  const bytesOfPage = pageBytes(model, pageSize);
  const pagesOfText = Math.ceil((contextLength + 1) / pageSize);
  const limit = memory ?? Math.max(0, totalBudget(memory) - constraintBudget(memory));
  const pages = Math.min(Math.floor(limit / bytesOfPage), pagesOfText * maxBatch);
  if (pages < pagesOfText) {
    const source = memory === undefined ? ', a quarter of what is free,' : '';
    throw usageError(
      'TSLM_NO_MEMORY',
      `${formatBytes(limit)}${source} hold the keys and values of ${pages * pageSize} tokens, and one text may have ${contextLength}`,
      `give at least ${formatBytes(pagesOfText * bytesOfPage)} with --memory, or less context with --max-context`,
    );
  }
  return { pages, pageSize, bytes: pages * bytesOfPage };
}

/** Constraints get an eighth of what keys and values get, no more than this; less than the least is of no use. */
const CONSTRAINT_SHARE = 1 / 8;
const MOST_CONSTRAINT_BYTES = 256 * 2 ** 20;
const LEAST_CONSTRAINT_BYTES = 32 * 2 ** 20;

const totalBudget = (memory: number | undefined): number => memory ?? freeMemory() * SHARE_OF_FREE;
const shareOfConstraints = (total: number): number => Math.min(total * CONSTRAINT_SHARE, MOST_CONSTRAINT_BYTES);

/** Bytes for compiled constraints and what is found with them: part of the quarter, or beside what is given. */
export const constraintBudget = (memory: number | undefined): number =>
  Math.max(LEAST_CONSTRAINT_BYTES, shareOfConstraints(totalBudget(memory)));

/** Of the machine, or of the container that this runs in. */
function freeMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  const isLimited = limit > 0 && limit < Number.MAX_SAFE_INTEGER;
  return isLimited ? Math.min(freemem(), limit - process.memoryUsage.rss()) : freemem();
}
