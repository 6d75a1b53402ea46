/** A file of JSON lines in a service's folder, each read by a schema. */
import { existsSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';

/**
 * Nothing of a file that is not there.
 *
 * @throws UserError that names the line
 */
export function readLines<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema>[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      try {
        return [parseOptions(schema, JSON.parse(line), `${path}: line ${i + 1}`)];
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw new UserError('TSLM_BAD_JSON', `${path}: line ${i + 1} is not JSON`, { hint: 'a JSON object a line' });
      }
    });
}
