/** A constraint on what is generated: at each token, which tokens may follow. */
import { UserError } from '../support/errors.ts';
import { compileGrammar } from './grammar/compile-grammar.ts';
import type { Grammar } from './grammar/grammar.ts';
import { bytesOf, loadProgram, type Program, type SharedTerminals } from './grammar/program.ts';
import { type Configuration, createPushdown } from './grammar/pushdown.ts';
import { createMasks } from './masks.ts';
import { memo } from './memo.ts';
import type { Vocabulary } from './vocabulary/vocabulary-data.ts';
import { spentSoFar } from './work.ts';

export interface Constraint {
  /** Before the first token. */
  start(): ConstraintState;
  /** The tokens that end a text. */
  readonly eosTokenId: readonly number[];
  /** Estimated bytes of its automata and of what was found with them. */
  readonly bytes: number;
  /** Forgets what was found; states that are held go on. */
  forget(): void;
}

export interface ConstraintState {
  /**
   * The tokens that may come next, bit i of word w for token 32 w + i; shared, so that it must be copied to be changed.
   * End-of-sequence tokens are among them where the text may end.
   *
   * @throws UserError when the text may not end and no token of the vocabulary can go on
   */
  mask(): Uint32Array;
  /**
   * Works on the mask, for so many steps (`work.ts`) and little more; the work goes on at the next call.
   *
   * @returns whether `mask` has nothing left to do
   * @throws UserError as `mask` does
   */
  prepare(steps: number): boolean;
  /** @throws UserError when the token was not allowed */
  advance(tokenId: number): void;
  /** Nothing but the end may follow, or the text has ended. */
  readonly complete: boolean;
  clone(): ConstraintState;
}

/** Terminals that several grammars have in common, such as JSON's strings, are made once for a vocabulary. */
const terminals = new WeakMap<object, SharedTerminals>();

/**
 * The constraint that a grammar is.
 *
 * @throws UserError when no text follows the grammar, or none that the vocabulary can write
 */
export const constraintOf = (grammar: Grammar, vocabulary: Vocabulary): Constraint =>
  loadConstraint(compileGrammar(grammar, vocabulary.isUsable), vocabulary);

/** The constraint of a program that was compiled for this vocabulary, in this thread or another. */
export function loadConstraint(program: Program, vocabulary: Vocabulary): Constraint {
  const shared = memo(terminals, vocabulary.tokens, (): SharedTerminals => new Map());
  const pushdown = createPushdown(loadProgram(program, shared), program.where);
  const masks = createMasks(pushdown, vocabulary);
  const programBytes = bytesOf(program);
  /** Masks under way, which texts at the same place share. */
  const underWay = [true, false].map(() => new Map<Configuration, Generator<void, Uint32Array | undefined>>());

  const state = (from: Configuration, isFirst: boolean, hasEnded: boolean): ConstraintState => {
    let configuration = from;
    return {
      mask() {
        this.prepare(Number.POSITIVE_INFINITY);
        return hasEnded ? new Uint32Array(Math.ceil(vocabulary.size / 32)) : masks.known(configuration, isFirst)!;
      },
      prepare(steps) {
        if (hasEnded || masks.known(configuration, isFirst)) return true;
        const own = underWay[Number(isFirst)];
        const work = memo(own, configuration, () => masks.find(configuration, isFirst));
        const end = spentSoFar() + steps;
        try {
          do {
            const { done, value } = work.next();
            if (!done) continue;
            own.delete(configuration);
            if (!value) throw noToken(configuration);
            return true;
          } while (spentSoFar() < end);
        } catch (error) {
          own.delete(configuration);
          throw error;
        }
        return false;
      },
      advance(tokenId) {
        if (hasEnded) throw notAllowed(tokenId, 'the text has ended');
        if (vocabulary.eosTokenId.includes(tokenId)) {
          if (!configuration.isComplete) throw notAllowed(tokenId, 'the text is not complete');
          hasEnded = true;
          return;
        }
        const text = isFirst ? vocabulary.firstTextOf(tokenId) : vocabulary.textOf(tokenId);
        if (!text?.length) throw notAllowed(tokenId, 'it writes no text');
        let next: Configuration | null = configuration;
        for (const byte of text) {
          next = pushdown.step(next, byte);
          if (!next) throw notAllowed(tokenId, `${JSON.stringify(Buffer.from(text).toString())} may not follow`);
        }
        configuration = next;
        isFirst = false;
      },
      get complete() {
        return hasEnded || (configuration.isComplete && configuration.items.length === 0);
      },
      clone: () => state(configuration, isFirst, hasEnded),
    };
  };
  return {
    start: () => state(pushdown.start!, true, false),
    eosTokenId: vocabulary.eosTokenId,
    get bytes() {
      return programBytes + pushdown.bytes + masks.bytes;
    },
    forget() {
      for (const own of underWay) own.clear();
      pushdown.forget();
      masks.forget();
    },
  };

  function noToken(at: Configuration): UserError {
    const bytes = [...Array(256).keys()].filter(byte => pushdown.step(at, byte));
    return new UserError(
      'TSLM_VOCABULARY_CANNOT_WRITE',
      `no token of the vocabulary can go on with ${bytes.slice(0, 8).map(shownByte).join(', ')}, as the constraint asks`,
      { hint: 'use a tokenizer that has a token for every byte' },
    );
  }
}

const shownByte = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16).padStart(2, '0')}`;

const notAllowed = (id: number, why: string): UserError =>
  new UserError('TSLM_TOKEN_NOT_ALLOWED', `token ${id} is not allowed here: ${why}`, {
    hint: 'choose among the tokens of mask()',
  });
