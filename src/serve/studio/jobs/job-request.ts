/** What a request for a job says, checked against the table of commands before anything is started. */
import { z } from 'zod';
import { usageError } from '../../../support/errors.ts';
import { parseOptions } from '../../../support/schema.ts';
import { JOB_COMMANDS, type JobCommand, type JobOption, type JobValues, optionsOfJob } from './commands.ts';
import { pathInside } from './inside.ts';

const LONGEST = 1000;

const requestSchema = z.strictObject({
  command: z.enum(Object.keys(JOB_COMMANDS) as [JobCommand, ...JobCommand[]]),
  values: z.record(z.string(), z.unknown()).default({}),
});

const text = z.string().min(1).max(LONGEST);

function schemaOf(option: JobOption): z.ZodType<string | number | boolean> {
  switch (option.kind) {
    case 'choice':
      return z.enum(option.choices as [string, ...string[]]);
    case 'number': {
      const number = z.number().min(option.min).max(option.max);
      return option.isWhole ? number.int() : number;
    }
    case 'switch':
      return z.boolean();
    case 'time':
      return text.regex(/^\d+(\.\d+)?[smh]$/, 'a number with a unit: 90s, 10m, 2h');
    case 'words':
      return text.regex(new RegExp(`^(?:${option.pattern})$`, 'u'), `such as ${option.example}`);
    default:
      return text;
  }
}

export interface JobRequest {
  command: JobCommand;
  /** Paths begin at the folder. */
  values: JobValues;
}

/**
 * @param folder in which paths must lie
 * @param recipes files elsewhere that may be named as well: the recipes that come with tslm
 * @throws UserError for an unknown command or option, a value that is not right, and a path that leads out
 */
export function readJobRequest(
  body: unknown,
  { folder, recipes }: { folder: string; recipes: readonly string[] },
): JobRequest {
  const { command, values: given } = parseOptions(requestSchema, body, 'request');
  const options = optionsOfJob(command);
  const shape = Object.fromEntries(
    options.map(option => [option.name, option.isRequired ? schemaOf(option) : schemaOf(option).optional()]),
  );
  const checked = parseOptions(z.strictObject(shape), given, command) as Record<string, string | number | boolean>;
  const values: Record<string, string | number | boolean> = {};
  for (const option of options) {
    const value = checked[option.name];
    if (value === undefined) continue;
    const isPath = option.kind === 'path' || option.kind === 'newPath';
    const isKnown = option.kind === 'path' && option.of === 'recipe' && recipes.includes(String(value));
    values[option.name] =
      isPath && !isKnown ? pathInside(folder, String(value), { mustExist: option.kind === 'path' }) : value;
  }
  if (command === 'evaluate' && (values.data === undefined) === (values.tasks === undefined)) {
    throw usageError('TSLM_CONTRADICTION', 'evaluate: a corpus or tasks, one of the two', 'leave the other one empty');
  }
  return { command, values };
}
