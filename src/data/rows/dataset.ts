/** Rows by number. Reading a row never depends on what was read before, so that a position is one integer. */
import type { Rows } from './rows.ts';

export interface Dataset<Row> {
  readonly length: number;
  /**
   * @param epoch rows may be cut anew in each epoch, as windows of a corpus are. Default 0
   * @throws UserError for a row that is not what it should be
   */
  row(index: number, epoch?: number): Row;
  /** Where a row is, for errors: its file and number. */
  place?(index: number): string;
  /** SHA-256 of the content. */
  readonly fingerprint: string;
}

/** A dataset of rows of one kind. */
export type RowsOf<Kind extends keyof Rows> = Dataset<Rows[Kind]>;
