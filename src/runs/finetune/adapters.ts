/** Adapters by the names that a command line has for them. */
import { usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';

const ADAPTERS: Record<string, Readonly<Record<string, unknown>>> = {
  lora: { method: 'lora' },
  dora: { method: 'lora', dora: true },
  pissa: { method: 'lora', init: 'pissa' },
  ia3: { method: 'ia3' },
  vera: { method: 'vera' },
  loha: { method: 'loha' },
  'prompt-tuning': { method: 'prompt-tuning' },
  'prefix-tuning': { method: 'prefix-tuning' },
  bottleneck: { method: 'bottleneck' },
};

export const adapterNames = Object.keys(ADAPTERS);

/**
 * What a recipe says of it.
 *
 * @param options.rank of the methods that have one
 * @param options.quantize `nf4`: the model below in four bits, for LoRA and DoRA
 * @throws UserError for an adapter that is not known, or does not take what is given
 */
export function namedAdapter(
  name: string | undefined,
  { rank, quantize }: { rank?: number; quantize?: string } = {},
): Readonly<Record<string, unknown>> | undefined {
  if (name === undefined) {
    const given = rank === undefined ? (quantize === undefined ? undefined : 'quantize') : 'rank';
    if (given === undefined) return undefined;
    throw usageError('TSLM_CONTRADICTION', `--${given} is of an adapter, and none is asked for`, '--adapter lora');
  }
  const adapter = ADAPTERS[name];
  if (adapter === undefined) {
    const guess = nearest(name, adapterNames);
    const hint = `${guess === undefined ? '' : `did you mean '${guess}'? `}there are ${adapterNames.join(', ')}`;
    throw usageError('TSLM_BAD_VALUE', `--adapter ${name}: no such adapter`, hint);
  }
  if (rank !== undefined && !RANKED.includes(String(adapter.method))) {
    throw usageError('TSLM_CONTRADICTION', `--rank: '${name}' has no rank`, `those that have: ${RANKED.join(', ')}`);
  }
  if (quantize !== undefined && adapter.method !== 'lora') {
    throw usageError('TSLM_CONTRADICTION', `--quantize is for lora and dora, and not for '${name}'`, 'leave it out');
  }
  return { ...adapter, ...(rank !== undefined && { r: rank }), ...(quantize !== undefined && { quantize }) };
}

const RANKED = ['lora', 'vera', 'loha'];
