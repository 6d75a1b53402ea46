/** Tests of the long part: they take a while, and what they would find other tests find in most cases. `TSLM_LONG=1` runs them. */
import { describe, it } from 'vitest';

export const isLong = Boolean(process.env.TSLM_LONG);
export const itLong = it.runIf(isLong);
export const describeLong = describe.runIf(isLong);
