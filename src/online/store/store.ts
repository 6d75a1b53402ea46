/**
 * What a service was asked, what it answered and what people said of that: SQLite in the service's folder. A judgement that was
 * acknowledged is on the disk (`synchronous = FULL`); what is deleted is overwritten (`secure_delete`), and the files are written anew.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Said, Tools } from '../../data/rows/rows.ts';
import { namingFile, UserError } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import { isSqliteError, openSqlite } from '../../support/sqlite.ts';
import type { JudgementKind, JudgementValue } from './judgement.ts';
import { migrate } from './schema.ts';
import { type Keyed, keyedNames } from './secret.ts';

export interface Choice {
  position: number;
  text: string;
  finish: string;
  /** Of the answer as it was written; absent where scrubbing has changed the text. */
  tokenIds?: readonly number[];
  /** Natural logarithms, of each token. */
  logprobs?: readonly number[];
}

export interface StoredAnswer {
  id: string;
  /** Milliseconds since 1970. */
  created: number;
  model: string;
  /** `system_fingerprint` of the weights that wrote it. */
  revision: string;
  /** Keyed hashes: names of people are not kept. */
  user: string;
  conversation?: string;
  prompt: Said;
  tools?: Tools;
  choices: readonly Choice[];
  expires?: number;
  /** It was written beside that answer to the same request, and not shown. */
  shadowOf?: string;
}

export interface Judgement {
  id: string;
  created: number;
  answer: string;
  position: number;
  user: string;
  value: JudgementValue;
  /** What a review has said of it. */
  verdict?: Verdict;
}

export const VERDICTS = ['accepted', 'rejected'] as const;
/** What a review says of a judgement; only accepted ones are learnt where a review is required. */
export type Verdict = (typeof VERDICTS)[number];

export interface JudgementFilter {
  kind?: JudgementKind;
  user?: string;
  answer?: string;
  /** `waiting`: nobody has reviewed it. */
  review?: Verdict | 'waiting';
  /** Milliseconds since 1970. */
  since?: number;
  /** Newest first, at most `limit`. Default: all, oldest first. */
  last?: number;
}

/** Whose answers are to be forgotten, with all that was said of them. */
export type Deletion = { user: string } | { conversation: string } | { answer: string };

export interface FeedbackStore extends Disposable {
  readonly folder: string;
  readonly database: Database;
  /** What stands for a person's or a conversation's name. */
  readonly keyed: Keyed;
  addAnswer(answer: StoredAnswer): void;
  answer(id: string): StoredAnswer | undefined;
  /**
   * Keeps a judgement: it is on the disk when this returns.
   *
   * @throws UserError `TSLM_NOT_FOUND` when there is no such answer or choice
   */
  addJudgement(judgement: Omit<Judgement, 'id' | 'created'> & Partial<Pick<Judgement, 'id' | 'created'>>): Judgement;
  judgements(filter?: JudgementFilter): Judgement[];
  /**
   * Keeps what a review says of judgements, in the place of what one before has said. All of them, or none.
   *
   * @throws UserError `TSLM_NOT_FOUND` that names the first one that is not there
   */
  review(judgements: readonly string[], verdict: Verdict, reviewer: string): void;
  /** How many there are, and of whom; answers that were not shown left out. */
  counts(): { answers: number; judgements: number; users: number; kinds: Record<string, number> };
  countScrubbed(counts: Readonly<Record<string, number>>): void;
  scrubbed(): Record<string, number>;
  /** Forgets answers with all that was said of them. @returns judgements that are gone, by their ids */
  delete(what: Deletion): { answers: number; judgements: string[] };
  /** Forgets answers whose time is over. */
  expire(now?: number): { answers: number; judgements: string[] };
  event(kind: string, details: Readonly<Record<string, unknown>>): void;
  events(last?: number): { number: number; created: number; kind: string; details: Record<string, unknown> }[];
}

const FILE = 'feedback.sqlite';

/** Whether a folder is a service's. */
export const hasStore = (folder: string): boolean => existsSync(join(folder, FILE));

/**
 * Opens a service's store, and makes it where there is none.
 *
 * @param options.mustExist a folder without one is an error. Default false
 */
export function openStore(folder: string, { mustExist = false }: { mustExist?: boolean } = {}): FeedbackStore {
  const path = join(folder, FILE);
  if (mustExist && !existsSync(path)) {
    throw new UserError('TSLM_NO_STORE', `${folder}: no feedback here (there is no ${FILE})`, {
      hint: '`tslm serve MODEL --learn FOLDER` makes one',
      exitCode: 2,
    });
  }
  return namingFile(folder, () => {
    makeFolder(folder);
    const database = openDatabase(path);
    return storeOf(folder, database, keyedNames(folder));
  });
}

function openDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    database = openSqlite(path, { timeout: 30_000 });
    database.pragma('secure_delete = ON');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    migrate(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (isSqliteError(error)) {
      throw new UserError('TSLM_STORE', `${path}: ${error.message}`, {
        hint: 'it may be no database of tslm, or on a file system that cannot lock files',
        cause: error,
      });
    }
    throw error;
  }
}

export const newJudgementId = (): string => `fb_${randomBytes(12).toString('hex')}`;

function storeOf(folder: string, database: Database, keyed: Keyed): FeedbackStore {
  const insertAnswer = database.prepare(
    'INSERT INTO answers VALUES (@id, @created, @model, @revision, @user, @conversation, @prompt, @tools, @expires, @shadowOf)',
  );
  const insertChoice = database.prepare(
    'INSERT INTO choices VALUES (@answer, @position, @text, @finish, @tokenIds, @logprobs)',
  );
  const insertJudgement = database.prepare(
    'INSERT INTO judgements VALUES (@id, @created, @answer, @position, @user, @kind, @value)',
  );
  const oneAnswer = database.prepare('SELECT * FROM answers WHERE id = ?');
  const itsChoices = database.prepare('SELECT * FROM choices WHERE answer = ? ORDER BY position');
  const hasChoice = database.prepare('SELECT 1 FROM choices WHERE answer = ? AND position = ?');
  const hasJudgement = database.prepare('SELECT 1 FROM judgements WHERE id = ?');
  const insertReview = database.prepare('INSERT OR REPLACE INTO reviews VALUES (?, ?, ?, ?)');
  const insertEvent = database.prepare('INSERT INTO events (created, kind, details) VALUES (?, ?, ?)');
  const countKind = database.prepare(
    'INSERT INTO scrubbed VALUES (?, ?) ON CONFLICT(kind) DO UPDATE SET count = count + excluded.count',
  );
  const number = (sql: string): number => database.prepare(sql).pluck().get() as number;

  const requireChoice = (answer: string, position: number): void => {
    if (hasChoice.get(answer, position)) return;
    throw new UserError('TSLM_NOT_FOUND', `there is no answer '${answer}' with a choice ${position} here`, {
      hint: 'answers are kept when a request says store: true, and until their retention is over',
    });
  };

  const remove = (where: string, value: string | number, own?: string): { answers: number; judgements: string[] } => {
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
  };

  return {
    folder,
    database,
    keyed,
    addAnswer: database.transaction((answer: StoredAnswer) => {
      insertAnswer.run({
        ...answer,
        conversation: answer.conversation ?? null,
        prompt: JSON.stringify(answer.prompt),
        tools: answer.tools === undefined ? null : JSON.stringify(answer.tools),
        expires: answer.expires ?? null,
        shadowOf: answer.shadowOf ?? null,
        choices: undefined,
      });
      for (const { tokenIds, logprobs, ...choice } of answer.choices) {
        insertChoice.run({
          ...choice,
          answer: answer.id,
          tokenIds: tokenIds === undefined ? null : JSON.stringify(tokenIds),
          logprobs: logprobs === undefined ? null : JSON.stringify(logprobs),
        });
      }
    }),
    answer(id) {
      const row = oneAnswer.get(id) as AnswerRow | undefined;
      return row && answerOf(row, itsChoices.all(id) as ChoiceRow[]);
    },
    addJudgement: ({ id = newJudgementId(), created = Date.now(), value, ...rest }) =>
      database
        .transaction(() => {
          requireChoice(rest.answer, rest.position);
          if (value.kind === 'choice') for (const one of value.over ?? []) requireChoice(one.response_id, one.choice);
          insertJudgement.run({ ...rest, id, created, kind: value.kind, value: JSON.stringify(value) });
          return { ...rest, id, created, value };
        })
        .immediate(),
    judgements({ kind, user, answer, review, since, last } = {}) {
      const verdict = review === 'waiting' ? undefined : review;
      const conditions = { kind, user, answer, verdict, 'created >': since };
      const given = Object.entries(conditions).filter(([, value]) => value !== undefined);
      const where = [
        ...given.map(([name]) =>
          name.endsWith('>') ? `j.${name}= ?` : `${name === 'verdict' ? '' : 'j.'}${name} = ?`,
        ),
        ...(review === 'waiting' ? ['verdict IS NULL'] : []),
      ].join(' AND ');
      const order = last === undefined ? 'j.created, j.id' : 'j.created DESC, j.id DESC LIMIT ?';
      return (
        database
          .prepare(
            `SELECT j.*, r.verdict FROM judgements j LEFT JOIN reviews r ON r.judgement = j.id ${where && `WHERE ${where}`} ORDER BY ${order}`,
          )
          .all(...given.map(([, value]) => value), ...(last === undefined ? [] : [last])) as JudgementRow[]
      ).map(({ kind: _, value, verdict: said, ...row }) => ({
        ...row,
        value: JSON.parse(value) as JudgementValue,
        ...(said !== null && { verdict: said }),
      }));
    },
    review: (ids, verdict, reviewer) =>
      database
        .transaction(() => {
          for (const id of ids) {
            if (!hasJudgement.get(id)) {
              throw new UserError('TSLM_NOT_FOUND', `there is no judgement '${id}' here`, {
                hint: 'it may have been deleted, or its time is over',
              });
            }
            insertReview.run(id, Date.now(), verdict, reviewer);
          }
        })
        .immediate(),
    counts: () => ({
      answers: number('SELECT count(*) FROM answers WHERE shadow_of IS NULL'),
      judgements: number('SELECT count(*) FROM judgements'),
      users: number('SELECT count(DISTINCT user) FROM judgements'),
      kinds: Object.fromEntries(
        database.prepare('SELECT kind, count(*) FROM judgements GROUP BY kind').raw().all() as [string, number][],
      ),
    }),
    countScrubbed: database.transaction((counts: Readonly<Record<string, number>>) => {
      for (const [kind, count] of Object.entries(counts)) countKind.run(kind, count);
    }),
    scrubbed: () =>
      Object.fromEntries(database.prepare('SELECT kind, count FROM scrubbed').raw().all() as [string, number][]),
    delete(what) {
      if ('answer' in what) return remove('id = ?', what.answer);
      if ('conversation' in what) return remove('conversation = ?', keyed.conversation(what.conversation));
      return remove('user = ?', keyed.user(what.user), 'SELECT id FROM judgements WHERE user = ?');
    },
    expire: (now = Date.now()) => remove('expires <= ?', now),
    event: (kind, details) => void insertEvent.run(Date.now(), kind, JSON.stringify(details)),
    events: (last = 1000) =>
      (
        database.prepare('SELECT * FROM events ORDER BY number DESC LIMIT ?').all(last) as {
          number: number;
          created: number;
          kind: string;
          details: string;
        }[]
      ).map(row => ({ ...row, details: JSON.parse(row.details) as Record<string, unknown> })),
    [Symbol.dispose]: () => void database.close(),
  };
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

interface AnswerRow {
  id: string;
  created: number;
  model: string;
  revision: string;
  user: string;
  conversation: string | null;
  prompt: string;
  tools: string | null;
  expires: number | null;
  shadow_of: string | null;
}

interface ChoiceRow {
  position: number;
  text: string;
  finish: string;
  token_ids: string | null;
  logprobs: string | null;
}

interface JudgementRow {
  id: string;
  created: number;
  answer: string;
  position: number;
  user: string;
  kind: string;
  value: string;
  verdict: Verdict | null;
}

const answerOf = (row: AnswerRow, choices: readonly ChoiceRow[]): StoredAnswer => ({
  id: row.id,
  created: row.created,
  model: row.model,
  revision: row.revision,
  user: row.user,
  ...(row.conversation !== null && { conversation: row.conversation }),
  prompt: JSON.parse(row.prompt) as Said,
  ...(row.tools !== null && { tools: JSON.parse(row.tools) as Tools }),
  ...(row.expires !== null && { expires: row.expires }),
  ...(row.shadow_of !== null && { shadowOf: row.shadow_of }),
  choices: choices.map(({ position, text, finish, token_ids, logprobs }) => ({
    position,
    text,
    finish,
    ...(token_ids !== null && { tokenIds: JSON.parse(token_ids) as number[] }),
    ...(logprobs !== null && { logprobs: JSON.parse(logprobs) as number[] }),
  })),
});
