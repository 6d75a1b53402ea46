/** Tables of a service's database, as migrations: each is run once, in a transaction, and never changed afterwards. */
import type { Database } from 'better-sqlite3';
import { UserError } from '../../support/errors.ts';

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE answers (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL,       -- milliseconds since 1970
    model TEXT NOT NULL,
    revision TEXT NOT NULL,         -- content hash of model and adapter, system_fingerprint
    user TEXT NOT NULL,             -- keyed hash of whoever asked
    conversation TEXT,              -- keyed hash
    prompt TEXT NOT NULL,           -- JSON: a text, or messages
    tools TEXT,                     -- JSON
    expires INTEGER
  ) STRICT;
  CREATE TABLE choices (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    finish TEXT NOT NULL,
    token_ids TEXT,                 -- JSON; null where scrubbing changed the text
    logprobs TEXT,                  -- JSON
    PRIMARY KEY (answer, position)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE judgements (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    user TEXT NOT NULL,
    kind TEXT NOT NULL,             -- rating, thumb, choice, correction, label, text, signal
    value TEXT NOT NULL             -- JSON
  ) STRICT;
  CREATE TABLE learnt (
    judgement TEXT NOT NULL,
    revision TEXT NOT NULL,
    PRIMARY KEY (judgement, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE revisions (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    parent TEXT,
    path TEXT NOT NULL,
    state TEXT NOT NULL,            -- candidate, promoted, rejected
    decision TEXT                   -- JSON of the gate
  ) STRICT;
  CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    created INTEGER NOT NULL,
    kind TEXT NOT NULL,
    details TEXT NOT NULL           -- JSON; never text of a user
  ) STRICT;
  CREATE TABLE scrubbed (kind TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX answers_by_user ON answers(user);
  CREATE INDEX answers_by_conversation ON answers(conversation);
  CREATE INDEX answers_by_expiry ON answers(expires);
  CREATE INDEX judgements_by_answer ON judgements(answer);
  CREATE INDEX judgements_by_user ON judgements(user);
  CREATE INDEX learnt_by_revision ON learnt(revision);`,
  // An answer that nobody was shown goes with the one that was; what was said of a judgement goes with the judgement.
  `ALTER TABLE answers ADD COLUMN shadow_of TEXT REFERENCES answers(id) ON DELETE CASCADE;
  CREATE INDEX answers_by_shadow ON answers(shadow_of);
  CREATE TABLE reviews (
    judgement TEXT PRIMARY KEY REFERENCES judgements(id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    verdict TEXT NOT NULL,          -- accepted, rejected
    reviewer TEXT NOT NULL          -- keyed hash
  ) STRICT, WITHOUT ROWID;`,
];

/** @throws UserError when a newer version of the program has written the database */
export function migrate(database: Database, path: string): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length) {
    throw new UserError('TSLM_NEWER_STORE', `${path}: written by a newer tslm (version ${version} of its tables)`, {
      hint: 'use that version, or another folder',
    });
  }
  for (let next = version; next < MIGRATIONS.length; next++) {
    // Another process may have been faster: the version is read again under the lock of the transaction.
    database
      .transaction(() => {
        if ((database.pragma('user_version', { simple: true }) as number) > next) return;
        database.exec(MIGRATIONS[next]);
        database.pragma(`user_version = ${next + 1}`);
      })
      .immediate();
  }
}
