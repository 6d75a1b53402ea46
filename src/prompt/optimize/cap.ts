/** The tokens that an optimiser may spend are spent: what was found until then is the result. */
export class CapReached extends Error {}
