/** Which models are merged and how: mergekit's YAML (Goddard et al. 2024, arXiv:2403.13257) for the methods that are here. */
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';

const number = z.number();
/** A number; a list of them is a gradient over the layers. */
const gradient = z.union([number, z.array(number).min(1)]);
/** The first entry whose filter is in the name of a tensor counts; one without a filter is for all that are left. */
const setting = z.union([gradient, z.array(z.strictObject({ filter: z.string().optional(), value: gradient })).min(1)]);
export type Setting = z.output<typeof setting>;

const absent = z.undefined({ error: 'is not supported' }).optional();

const parameters = z.strictObject({
  weight: setting.optional(),
  density: setting.optional(),
  t: setting.optional(),
  lambda: setting.optional(),
  normalize: z.boolean().optional(),
  rescale: z.literal(true, { error: 'is not supported; only true is' }).optional(),
  /** How mergekit keeps masks: no part in what is computed. */
  int8_mask: z.boolean().optional(),
});

export const METHODS = ['linear', 'slerp', 'task_arithmetic', 'ties', 'dare_linear', 'dare_ties'] as const;

const schema = z.strictObject({
  merge_method: z.string(),
  models: z.array(z.strictObject({ model: z.string(), parameters: parameters.optional() })).min(1),
  base_model: z.string().optional(),
  parameters: parameters.optional(),
  /** Element type of the result; default that of the base or of the first model. */
  dtype: z.enum(['float32', 'float16', 'bfloat16']).optional(),
  out_dtype: z.enum(['float32', 'float16', 'bfloat16']).optional(),
  tokenizer_source: z
    .literal('base', { error: "is not supported; only 'base' is, and is what happens without it" })
    .optional(),
  slices: absent,
  tokenizer: absent,
  chat_template: absent,
});

export type MergeConfig = z.output<typeof schema> & { merge_method: (typeof METHODS)[number] };

/** @throws UserError that names the key; for a method that is not here, those that are */
export function parseMergeConfig(value: unknown, where: string): MergeConfig {
  const config = parseOptions(schema, value, where) as MergeConfig;
  const { merge_method: method, models, base_model: base } = config;
  if (!METHODS.includes(method)) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `${where}: 'merge_method': '${method}' is not supported`,
      `known: ${METHODS.join(', ')}`,
    );
  }
  const fail = (what: string, hint: string) => usageError('TSLM_BAD_VALUE', `${where}: ${what}`, hint);
  if (method === 'linear') {
    if (base !== undefined)
      throw fail("'base_model': 'linear' has no base", 'name it among the models, or leave it out');
  } else if (base === undefined) {
    throw fail(`'${method}' needs a 'base_model'`, 'the model that the others were made from');
  }
  if (method === 'slerp') {
    if (models.length !== 2 || !models.some(({ model }) => model === base)) {
      throw fail("'slerp' is between two models, one of them the 'base_model'", 't: 0 is the base, 1 the other');
    }
    if (config.parameters?.t === undefined) throw fail("'slerp' needs 'parameters.t'", 'a number from 0 to 1');
  }
  refuseUnread(config, fail);
  return config;
}

/** What a method does not read is an error, not a wish that nobody hears. */
function refuseUnread(
  { merge_method: method, models, parameters = {} }: MergeConfig,
  fail: (what: string, hint: string) => Error,
): void {
  const reads: Record<string, readonly string[]> = {
    linear: ['weight', 'normalize'],
    slerp: ['t'],
    task_arithmetic: ['weight', 'normalize', 'lambda'],
    ties: ['weight', 'density', 'normalize', 'lambda'],
    dare_linear: ['weight', 'density', 'normalize', 'lambda', 'rescale'],
    dare_ties: ['weight', 'density', 'normalize', 'lambda', 'rescale'],
  };
  const ofModels = ['weight', 'density'];
  const check = (given: object, where: string, known: readonly string[]): void => {
    const unread = Object.keys(given).find(key => key !== 'int8_mask' && !known.includes(key));
    if (unread !== undefined) throw fail(`'${where}.${unread}' means nothing here with '${method}'`, 'leave it out');
  };
  check(parameters, 'parameters', reads[method]);
  for (const [i, { parameters: own = {} }] of models.entries()) {
    check(
      own,
      `models.${i}.parameters`,
      ofModels.filter(key => reads[method].includes(key)),
    );
  }
}

/**
 * What a setting says of a tensor.
 *
 * @param depth from 0, before and in the first layer, to 1, in the last one and after
 */
export function settingAt(setting: Setting | undefined, tensor: string, depth: number): number | undefined {
  if (setting === undefined || typeof setting === 'number') return setting;
  if (setting.every(entry => typeof entry === 'number')) return interpolated(setting, depth);
  const entries = setting as { filter?: string; value: number | number[] }[];
  const found = entries.find(({ filter }) => filter === undefined || filter === '*' || tensor.includes(filter));
  return settingAt(found?.value, tensor, depth);
}

function interpolated(values: readonly number[], depth: number): number {
  const place = depth * (values.length - 1);
  const before = Math.floor(place);
  const after = Math.min(values.length - 1, before + 1);
  return (1 - (place - before)) * values[before] + (place - before) * values[after];
}
