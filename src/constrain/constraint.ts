/** A constraint on what is generated: at each token, which tokens may follow. */
import { UserError, usageError } from '../support/errors.ts';
import { createClosing, NOT_ALLOWED } from './closing.ts';
import { compileGrammar } from './grammar/compile-grammar.ts';
import type { Grammar } from './grammar/grammar.ts';
import { loadProgram, type Program, type SharedTerminals } from './grammar/program.ts';
import { type Configuration, createPushdown } from './grammar/pushdown.ts';
import { createMasks, type Mask } from './masks.ts';
import { memo } from './memo.ts';
import { follow, START, type Track, withoutRepeats } from './unique-items.ts';
import type { TokenTree, Vocabulary } from './vocabulary/vocabulary-data.ts';
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
   * @param room tokens that may still be written, the one that ends the text included: only those are allowed after which
   *   the text can be completed within them, as long as it can. Default: any number
   * @throws UserError when the text may not end and no token of the vocabulary can go on
   */
  mask(room?: number): Uint32Array;
  /**
   * Works on the mask for at most this many steps (`work.ts`), give or take a few; the next call goes on from there.
   *
   * @param room as for `mask`
   * @returns whether `mask` has nothing left to do
   * @throws UserError as `mask` does
   */
  prepare(steps: number, room?: number): boolean;
  /** @throws UserError when the token was not allowed */
  advance(tokenId: number): void;
  /** Tokens within which the text can be completed, the one that ends it left aside; infinite where that is not known. */
  readonly distance: number;
  /** Nothing but the end may follow, or the text has ended. */
  readonly complete: boolean;
  clone(): ConstraintState;
}

/** Tokens that the shortest text may lack to differ from an item that is there. */
const DIFFERENCE = 2;

/** Tokens that may still come after the next one, and whether the one that ends the text is to be among them. */
interface Limit {
  room: number;
  withEnd: boolean;
}

/** Terminals that several grammars have in common, such as JSON's strings, are made once for a vocabulary. */
const terminals = new WeakMap<object, SharedTerminals>();

/**
 * The constraint that a grammar is.
 *
 * @throws UserError when no text follows the grammar, or none that the vocabulary can write
 */
export function constraintOf(grammar: Grammar, vocabulary: Vocabulary): Constraint {
  if (typeof vocabulary?.isUsable !== 'object') {
    throw usageError(
      'TSLM_BAD_VALUE',
      'a constraint is compiled for a vocabulary, and none was given',
      'give vocabularyOf(tokenizer) as the second argument',
    );
  }
  return loadConstraint(compileGrammar(grammar, vocabulary.isUsable), vocabulary);
}

/** The constraint of a program that was compiled for this vocabulary, in this thread or another. */
export function loadConstraint(program: Program, vocabulary: Vocabulary): Constraint {
  const shared = memo(terminals, vocabulary.tokens, (): SharedTerminals => new Map());
  const pushdown = createPushdown(loadProgram(program, shared), program.where);
  const masks = createMasks(pushdown, vocabulary);
  const closing = createClosing(pushdown, vocabulary);
  /** Work under way, which texts at the same place share: masks of first tokens and of others, and how far tokens lead. */
  const underWay = {
    masks: [true, false].map(() => new Map<Configuration, Generator<void, Mask | undefined>>()),
    distances: [true, false].map(() => new Map<Configuration, Generator<void, Uint16Array>>()),
  };

  /** Goes on with work until it is done or the steps are spent; undefined while it is not done. */
  function goOn<T>(
    all: Map<Configuration, Generator<void, T>>,
    at: Configuration,
    begin: () => Generator<void, T>,
    steps: number,
  ): { value: T } | undefined {
    const work = memo(all, at, begin);
    const end = spentSoFar() + steps;
    try {
      do {
        const { done, value } = work.next();
        if (!done) continue;
        all.delete(at);
        return { value };
      } while (spentSoFar() < end);
    } catch (error) {
      all.delete(at);
      throw error;
    }
    return undefined;
  }

  /** What room there is after the next token; undefined where it does not matter, or is too little anyway. */
  function limitOf(at: Configuration, mask: Mask, tokens: number): Limit | undefined {
    if (tokens === Number.POSITIVE_INFINITY) return undefined;
    let room = tokens;
    const left = closing.distance(at);
    if (left > room) return undefined;
    if (pushdown.hasUnique && left + DIFFERENCE < room) room -= DIFFERENCE;
    const withEnd = left + Number(closing.needsEnd(at)) <= room;
    const isFar = mask.reach !== undefined && mask.reach + Number(withEnd) < room;
    return isFar ? undefined : { room: room - 1, withEnd };
  }

  const state = (from: Configuration, isFirst: boolean, hasEnded: boolean, begun: Track): ConstraintState => {
    let configuration = from;
    let track = begun;
    /** The tokens of a mask that repeat no item. */
    const differing = (mask: Uint32Array): Uint32Array => {
      if (!pushdown.hasUnique) return mask;
      const kept = withoutRepeats(mask, track, configuration, { pushdown, vocabulary, isFirst });
      if (kept.every(word => word === 0)) throw noOther();
      return kept;
    };
    const tree = (): TokenTree => (isFirst ? vocabulary.firstTokens : vocabulary.tokens);
    /** The tokens after which the nearest end is not too far; all where none is, as after what was not counted on. */
    const within = (mask: Uint32Array, { room, withEnd }: Limit): Uint32Array => {
      const left = closing.known(configuration, tree())!;
      const kept = new Uint32Array(mask.length);
      for (const [id, distance] of left.entries()) {
        const needed = (distance >> 1) + (withEnd ? distance & 1 : 0);
        if (distance !== NOT_ALLOWED && needed <= room) kept[id >> 5] |= 1 << (id & 31);
      }
      for (const id of vocabulary.eosTokenId) if (configuration.isComplete) kept[id >> 5] |= 1 << (id & 31);
      return kept.some(word => word !== 0) ? kept : mask;
    };
    return {
      mask(room = Number.POSITIVE_INFINITY) {
        this.prepare(Number.POSITIVE_INFINITY, room);
        if (hasEnded) return new Uint32Array(Math.ceil(vocabulary.size / 32));
        const mask = masks.known(configuration, isFirst)!;
        const limit = limitOf(configuration, mask, room);
        if (limit === undefined) return differing(mask.tokens);
        const kept = within(mask.tokens, limit);
        if (!pushdown.hasUnique) return kept;
        const all = differing(mask.tokens);
        const both = kept.map((word, w) => word & all[w]);
        return both.every(word => word === 0) ? all : both;
      },
      prepare(steps, room = Number.POSITIVE_INFINITY) {
        if (hasEnded) return true;
        const index = Number(isFirst);
        const end = spentSoFar() + steps;
        let mask = masks.known(configuration, isFirst);
        if (!mask) {
          const asked = room < Number.POSITIVE_INFINITY ? closing : undefined;
          const begin = () => masks.find(configuration, isFirst, asked);
          const found = goOn(underWay.masks[index], configuration, begin, steps);
          if (!found) return false;
          if (!found.value) throw noToken(configuration);
          mask = found.value;
        }
        if (limitOf(configuration, mask, room) === undefined || closing.known(configuration, tree())) return true;
        const begin = () => closing.distances(configuration, tree());
        return goOn(underWay.distances[index], configuration, begin, end - spentSoFar()) !== undefined;
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
        let then: Track | undefined = track;
        for (const byte of text) {
          next = pushdown.step(next, byte);
          if (!next) throw notAllowed(tokenId, `${JSON.stringify(Buffer.from(text).toString())} may not follow`);
          if (!pushdown.hasUnique) continue;
          then = follow(then, byte, next);
          if (!then) throw notAllowed(tokenId, 'an item of the array would be there twice');
        }
        configuration = next;
        track = then;
        isFirst = false;
      },
      get distance() {
        return hasEnded ? 0 : closing.distance(configuration);
      },
      get complete() {
        return hasEnded || (configuration.isComplete && configuration.items.length === 0);
      },
      clone: () => state(configuration, isFirst, hasEnded, track),
    };
  };
  return {
    start: () => state(pushdown.start!, true, false, START),
    eosTokenId: vocabulary.eosTokenId,
    get bytes() {
      return program.bytes + pushdown.bytes + masks.bytes + closing.bytes;
    },
    forget() {
      for (const own of [...underWay.masks, ...underWay.distances]) own.clear();
      closing.forget();
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

const noOther = (): UserError =>
  new UserError('TSLM_NO_ALLOWED_TOKEN', 'the array must go on, and there is no item that it has not yet', {
    hint: "lower 'minItems', or do without 'uniqueItems'",
  });

const shownByte = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16).padStart(2, '0')}`;

const notAllowed = (id: number, why: string): UserError =>
  new UserError('TSLM_TOKEN_NOT_ALLOWED', `token ${id} is not allowed here: ${why}`, {
    hint: 'choose among the tokens of mask()',
  });
