/** Deterministic automata over bytes, as masks and grammars read them. */

export const DEAD = -1;

export interface Terminal {
  /** Class of each byte: bytes of one class are alike in every state. */
  readonly classOf: Uint8Array;
  readonly start: number;
  /** Whether no text at all is matched. */
  readonly isEmpty: boolean;
  /** The state after a byte, or `DEAD`. Every other state can still reach a match. */
  step(state: number, byte: number): number;
  isAccepting(state: number): boolean;
  /** Whether any byte may follow. */
  canContinue(state: number): boolean;
  /** The first byte of a short way from the state to a match, where none is yet: followed on, it comes to one. */
  nextByte(state: number): number;
  /** No state that can follow is further from a match, in bytes of these ways. */
  furthest(state: number): number;
  /** The state of another terminal that is the same as this one for texts of up to `reach` bytes, if there is one. */
  alike?(state: number, reach: number): { terminal: Terminal; state: number } | undefined;
  /** Bytes that it holds, states that were made since included. */
  readonly bytes: number;
}
