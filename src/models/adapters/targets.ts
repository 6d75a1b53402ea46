/** Which modules an adapter changes, and how much: `adapter_config.json` speaks of them by their names in Transformers. */
import { usageError } from '../../support/errors.ts';
import type { AnyConfig } from './methods/method.ts';

const listed = (name: string, ends: readonly string[]): boolean =>
  ends.some(end => name === end || name.endsWith(`.${end}`));

/** @throws UserError when it is no regular expression */
export function regex(source: string, key: string): RegExp {
  try {
    return new RegExp(source);
  } catch {
    throw usageError('TSLM_BAD_ADAPTER', `'${key}' of the adapter: '${source}' is not a regular expression`);
  }
}

const matches = (name: string, pattern: readonly string[] | string, key: string): boolean =>
  typeof pattern === 'string' ? regex(`^(?:${pattern})$`, key).test(name) : listed(name, pattern);

/** Whether a parameter belongs to a module that comes whole with the adapter: its name ends so, `norm` is any norm's. */
export function isSavedWhole(key: string, { modules_to_save: whole }: AnyConfig): boolean {
  if (!whole?.length) return false;
  const parts = key.split('.');
  const modules = parts.map((_, i) => parts.slice(0, i).join('.'));
  return modules.some(module => whole.some(end => module.endsWith(end)));
}

/** Whether a module, or one that it is a part of, has its name among those that come whole: it is not adapted then. */
const isPartOfWhole = (name: string, { modules_to_save: whole }: AnyConfig): boolean =>
  (whole ?? []).some(module => regex(`(^|\\.)${module}($|\\.)`, 'modules_to_save').test(name));

/** What `all-linear` needs to know of a module. */
export interface Candidate {
  name: string;
  isLinear: boolean;
  /** The output layer of a language model. */
  isOutput: boolean;
}

/** The names of the modules that the adapter changes. */
export function targetsOf(candidates: Iterable<Candidate>, config: AnyConfig): Set<string> {
  const { target_modules: targets, exclude_modules: excluded } = config;
  const isTarget = ({ name, isLinear, isOutput }: Candidate): boolean => {
    if (excluded && matches(name, excluded, 'exclude_modules')) return false;
    if (isPartOfWhole(name, config)) return false;
    if (typeof targets === 'string' && targets.toLowerCase() === 'all-linear') {
      const isClassifier = config.task_type === 'SEQ_CLS' && (name === 'score' || name === 'classifier');
      return isLinear && !isOutput && !isClassifier;
    }
    if (targets === undefined) return false;
    if (typeof targets === 'string') return matches(name, targets, 'target_modules');
    return targets.includes(name) || (listed(name, targets) && isInLayers(name, config));
  };
  return new Set(
    Array.from(candidates)
      .filter(isTarget)
      .map(({ name }) => name),
  );
}

/** The first number in a name is its layer's, or the one after a name of `layers_pattern`. */
function isInLayers(name: string, { layers_to_transform: layers, layers_pattern: pattern }: AnyConfig): boolean {
  if (layers == null || (Array.isArray(layers) && layers.length === 0)) return true;
  const lists = pattern?.length ? [pattern].flat() : ['[^.]*'];
  const found = lists.map(list => name.match(regex(`^.*?\\.${list}\\.(\\d+)\\.`, 'layers_pattern'))).find(Boolean);
  return found != null && [layers].flat().includes(Number(found[1]));
}
