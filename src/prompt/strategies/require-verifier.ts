/** The verifier of a session, or the model's own belief where none is given. */
import type { Session } from './session.ts';
import { selfVerifier, type Verifier } from './verifier.ts';

/** @throws UserError where there is none, and the model tells no probabilities */
export const requireVerifier = ({ verifier, completer }: Session): Verifier => verifier ?? selfVerifier(completer);
