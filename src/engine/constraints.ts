/**
 * The constraints of a model: compiled once, off its thread, and kept as long as they are in use and bytes allow. A request
 * whose constraint finds no room waits until others have come to their end.
 */
import {
  type Constraint,
  type ConstraintCompiler,
  type ConstraintSource,
  loadConstraint,
  vocabularyFrom,
} from '../constrain/index.ts';
import { UserError } from '../support/errors.ts';

/** A constraint that is in use until it is released. */
export interface Lease {
  constraint: Constraint;
  release(): void;
}

export interface Constraints {
  /**
   * @param isWanted asked before the work begins
   * @throws UserError when it cannot be followed
   */
  acquire(source: ConstraintSource, eosTokenId: readonly number[], isWanted: () => boolean): Lease | Promise<Lease>;
  /** Estimated bytes of all. */
  readonly bytes: number;
  /** Forgets what there is no room for: constraints that are not in use, then what was found with the others. */
  trim(): void;
}

interface Entry {
  constraint: Constraint;
  users: number;
}

export interface ConstraintsOptions {
  /** Of constraints and what was found with them. */
  maxBytes: number;
  /** Objects have no properties that their schema does not mention. Default false. */
  strictObjects?: boolean;
}

export function createConstraints(
  compiler: ConstraintCompiler,
  { maxBytes, strictObjects = false }: ConstraintsOptions,
): Constraints {
  /** The least recently used first. */
  const entries = new Map<string, Entry>();
  const waiting: (() => Promise<void>)[] = [];
  let isBusy = false;

  const sum = (all: Iterable<Entry>): number => [...all].reduce((bytes, { constraint }) => bytes + constraint.bytes, 0);
  const inUse = (): Entry[] => [...entries.values()].filter(({ users }) => users > 0);

  function lease(key: string, entry: Entry): Lease {
    entries.delete(key);
    entries.set(key, entry);
    entry.users++;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      entry.users--;
      trim();
      void next();
    };
    return { constraint: entry.constraint, release };
  }

  function trim(): void {
    let bytes = sum(entries.values());
    for (const [key, { constraint, users }] of entries) {
      if (bytes <= maxBytes) return;
      if (users > 0) continue;
      bytes -= constraint.bytes;
      entries.delete(key);
    }
    for (const { constraint } of entries.values()) {
      if (bytes <= maxBytes) return;
      bytes -= constraint.bytes;
      constraint.forget();
      bytes += constraint.bytes;
    }
  }

  async function next(): Promise<void> {
    if (isBusy || (waiting.length > 0 && sum(inUse()) > maxBytes)) return;
    const work = waiting.shift();
    if (!work) return;
    isBusy = true;
    await work();
    isBusy = false;
    void next();
  }

  return {
    acquire(asked, eosTokenId, isWanted) {
      const source = strictObjects && asked.kind === 'jsonSchema' ? { ...asked, options: { strictObjects } } : asked;
      const key = JSON.stringify([source, eosTokenId]);
      const known = entries.get(key);
      if (known) return lease(key, known);
      if (eosTokenId.length === 0) throw noEnd();
      const found = (constraint: Constraint): Lease => {
        const entry = entries.get(key) ?? { constraint, users: 0 };
        entries.set(key, entry);
        const held = lease(key, entry);
        trim();
        return held;
      };
      const vocabulary = compiler.vocabulary();
      if (!(vocabulary instanceof Promise)) {
        const program = compiler.compile(source);
        if (!(program instanceof Promise))
          return found(loadConstraint(program, vocabularyFrom(vocabulary, eosTokenId)));
      }
      return new Promise<Lease>((resolve, reject) => {
        waiting.push(async () => {
          try {
            if (!isWanted()) throw new UserError('TSLM_CANCELLED', 'nobody wants it any more');
            const again = entries.get(key);
            if (again) return resolve(lease(key, again));
            const tokens = await vocabulary;
            resolve(found(loadConstraint(await compiler.compile(source), vocabularyFrom(tokens, eosTokenId))));
          } catch (error) {
            reject(error);
          }
        });
        void next();
      });
    },
    get bytes() {
      return sum(entries.values());
    },
    trim,
  };
}

const noEnd = (): UserError =>
  new UserError('TSLM_NO_END', 'the model has no token that ends a text, so a constrained one would not end', {
    hint: 'give `stop_token_ids`, or do without the constraint',
  });
