/**
 * What a service was asked, what it answered and what people said of that: SQLite in the service's folder. A judgement that was
 * acknowledged is on the disk (`synchronous = FULL`); what is deleted is overwritten (`secure_delete`), and the files are written anew.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { namingFile, UserError } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import { isSqliteError, openSqlite } from '../../support/sqlite.ts';
import { deleteAnswers } from './deletion.ts';
import { migrate } from './schema.ts';
import { type Keyed, keyedNames } from './secret.ts';
import type { Deletion, Judgement, JudgementFilter, StoredAnswer, Verdict } from './stored.ts';
import { type AnswerRow, answerOf, type ChoiceRow, type JudgementRow, judgementOf } from './stored-rows.ts';

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
      ).map(judgementOf);
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
      if ('answer' in what) return deleteAnswers(database, 'id = ?', what.answer);
      if ('conversation' in what)
        return deleteAnswers(database, 'conversation = ?', keyed.conversation(what.conversation));
      return deleteAnswers(database, 'user = ?', keyed.user(what.user), 'SELECT id FROM judgements WHERE user = ?');
    },
    expire: (now = Date.now()) => deleteAnswers(database, 'expires <= ?', now),
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
