/** Deletion that leaves no byte: rows are overwritten (`secure_delete`), and both files of the database are written anew. */
import type { Database } from 'better-sqlite3';
import { UserError } from '../../support/errors.ts';

/**
 * Forgets the answers that a condition finds, with all that was said of them.
 *
 * @param own finds further judgements to forget, of other answers
 */
export function deleteAnswers(
  database: Database,
  where: string,
  value: string | number,
  own?: string,
): { answers: number; judgements: string[] } {
  const meant = `SELECT id FROM answers WHERE ${where}`;
  const gone = database
    .transaction(() => {
      // With those that were written in the shadow of one of them.
      const judgements = database
        .prepare(
          `SELECT id FROM judgements WHERE answer IN (${meant} UNION SELECT id FROM answers WHERE shadow_of IN (${meant}))`,
        )
        .pluck()
        .all(value, value) as string[];
      const answers = database
        .prepare(`SELECT count(*) FROM answers WHERE ${where} AND shadow_of IS NULL`)
        .pluck()
        .get(value) as number;
      const said = own === undefined ? [] : (database.prepare(own).pluck().all(value) as string[]);
      for (const id of said) database.prepare('DELETE FROM judgements WHERE id = ?').run(id);
      database.prepare(`DELETE FROM answers WHERE ${where}`).run(value);
      return { answers, judgements: [...new Set([...judgements, ...said])] };
    })
    .immediate();
  if (gone.answers + gone.judgements.length > 0) forget(database);
  return gone;
}

/**
 * Deleted rows are zeros already; what older pages and the write-ahead log held goes with both files written anew.
 *
 * @throws UserError when another process still reads
 */
function forget(database: Database): void {
  database.exec('VACUUM');
  const [{ busy }] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  if (busy === 0) return;
  throw new UserError('TSLM_STORE_BUSY', 'it is deleted, but another process is reading what was there before', {
    hint: 'run the command again when that process is done, so that no byte of it stays in the folder',
  });
}
