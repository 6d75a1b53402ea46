/** Calls that the scripted model makes before it answers. */
export const ROUNDS = 3;
