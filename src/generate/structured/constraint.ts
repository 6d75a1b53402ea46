/** A constraint on what is generated: at each token, which tokens may follow. */
import { UserError } from '../../support/errors.ts';
import type { Expression } from './automata/expression.ts';
import { LazyDfa } from './automata/lazy-dfa.ts';
import { buildNfa } from './automata/nfa.ts';
import type { Grammar } from './grammar/grammar.ts';
import { matchesAnything, productionsOf } from './grammar/productions.ts';
import { type Configuration, createPushdown } from './grammar/pushdown.ts';
import { createMasks } from './masks.ts';
import { memo } from './memo.ts';
import type { Vocabulary } from './vocabulary/vocabulary.ts';

export interface Constraint {
  /** Before the first token. */
  start(): ConstraintState;
  /** The tokens that end a text. */
  readonly eosTokenId: readonly number[];
}

export interface ConstraintState {
  /**
   * The tokens that may come next, bit i of word w for token 32 w + i; shared, so that it must be copied to be changed.
   * End-of-sequence tokens are among them where the text may end.
   *
   * @throws UserError when the text may not end and no token of the vocabulary can go on
   */
  mask(): Uint32Array;
  /** @throws UserError when the token was not allowed */
  advance(tokenId: number): void;
  /** Nothing but the end may follow, or the text has ended. */
  readonly complete: boolean;
  clone(): ConstraintState;
}

/** Automata of expressions that outlive a grammar, such as JSON's strings, are made once for a vocabulary. */
const terminals = new WeakMap<Vocabulary, WeakMap<Expression, LazyDfa>>();

/**
 * The constraint that a grammar is.
 *
 * @throws UserError when no text follows the grammar, or none that the vocabulary can write
 */
export function constraintOf(grammar: Grammar, vocabulary: Vocabulary): Constraint {
  const known = memo(terminals, vocabulary, () => new WeakMap<Expression, LazyDfa>());
  const terminalOf = (expression: Expression): LazyDfa =>
    memo(known, expression, () => new LazyDfa(buildNfa(expression, vocabulary.isUsable)));
  const root = productionsOf(grammar, terminalOf);
  if (!matchesAnything(root)) throw unwritable(grammar);
  const pushdown = createPushdown(root, grammar.where);
  const masks = createMasks(pushdown, vocabulary);

  const state = (from: Configuration, isFirst: boolean, hasEnded: boolean): ConstraintState => {
    let configuration = from;
    return {
      mask() {
        if (hasEnded) return new Uint32Array(Math.ceil(vocabulary.size / 32));
        const mask = masks.maskOf(configuration, isFirst);
        if (!mask) throw noToken(configuration);
        return mask;
      },
      advance(tokenId) {
        if (hasEnded) throw notAllowed(tokenId, 'the text has ended');
        if (vocabulary.eosTokenId.includes(tokenId)) {
          if (!configuration.isComplete) throw notAllowed(tokenId, 'the text is not complete');
          hasEnded = true;
          return;
        }
        const text = (isFirst ? vocabulary.firstTexts : vocabulary.texts)[tokenId];
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
  return { start: () => state(pushdown.start!, true, false), eosTokenId: vocabulary.eosTokenId };

  function noToken(at: Configuration): UserError {
    const bytes = [...Array(256).keys()].filter(byte => pushdown.step(at, byte));
    return new UserError(
      'TSLM_VOCABULARY_CANNOT_WRITE',
      `no token of the vocabulary can go on with ${bytes.slice(0, 8).map(shownByte).join(', ')}, as the constraint asks`,
      { hint: 'use a tokenizer that has a token for every byte' },
    );
  }
}

function unwritable(grammar: Grammar): UserError {
  const isPossible = matchesAnything(productionsOf(grammar, expression => new LazyDfa(buildNfa(expression))));
  return isPossible
    ? new UserError(
        'TSLM_VOCABULARY_CANNOT_WRITE',
        `${grammar.where}: the vocabulary lacks characters that it asks for`,
        {
          hint: 'use a tokenizer that has a token for every byte',
        },
      )
    : new UserError('TSLM_UNSATISFIABLE', `${grammar.where}: there is no text that it allows`, {
        hint: 'look for contradictions, and for rules that never come to an end',
        exitCode: 2,
      });
}

const shownByte = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16).padStart(2, '0')}`;

const notAllowed = (id: number, why: string): UserError =>
  new UserError('TSLM_TOKEN_NOT_ALLOWED', `token ${id} is not allowed here: ${why}`, {
    hint: 'choose among the tokens of mask()',
  });
