/** Regular expressions in a service's files, read once. */
import { z } from 'zod';

/** @param flags besides `u`, which all of them have */
export const patternSchema = (flags = '') =>
  z
    .string()
    .min(1)
    .transform((source, context) => {
      try {
        return new RegExp(source, `${flags}u`);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
        return z.NEVER;
      }
    });
