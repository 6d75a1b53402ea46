/** Which files of a repository are fetched. Patterns are those of Hugging Face's tools: Python's fnmatch on whole paths. */
import { UserError, usageError } from '../support/errors.ts';

/** Configurations, vocabularies, templates: all that is not weights, at the top of the repository. */
const COMPANIONS = [
  '*.json',
  '*.jinja',
  '*.model',
  '*.spm',
  '*.tiktoken',
  'merges.txt',
  'vocab.txt',
  'vocab.bpe',
  'dict.txt',
];

/** Indexes and settings of weights in other formats. */
const FOREIGN = ['*.index.json', '*.onnx.json', 'openvino*.json', '*trainer_state.json'];

/** Weights, best first: the first kind that is there is taken. */
const WEIGHTS = [
  ['model.safetensors'],
  ['model-*-of-*.safetensors', 'model.safetensors.index.json'],
  ['pytorch_model.bin'],
  ['pytorch_model-*-of-*.bin', 'pytorch_model.bin.index.json'],
];

/** In words, for `--help`. */
export const DEFAULT_SELECTION = `Without --include, what a model folder needs from the top of the repository: configuration, tokenizer and templates
(${COMPANIONS.join(' ')}), and model.safetensors or
its shards; where there is none, pytorch_model.bin or its shards. Never weights of TensorFlow, Flax, ONNX or GGUF.`;

/**
 * Python's `fnmatch` as a regular expression: `*` crosses slashes. A folder (`onnx/`) means all that is in it.
 *
 * @throws UserError for what is no pattern: `[z-a]`
 */
export function globToRegExp(pattern: string): RegExp {
  const whole = pattern.endsWith('/') ? `${pattern}*` : pattern;
  const source = whole.replace(/\[(!?)(\]?[^\]]*)\]|\*+|\?|[\\^$.|+(){}[\]]/g, (part, not?: string, set?: string) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\\][^]/g, '\\$&')}]`;
    if (part.startsWith('*')) return '.*';
    return part === '?' ? '.' : `\\${part}`;
  });
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    throw usageError('TSLM_BAD_PATTERN', `'${pattern}' is not a pattern`, "for example '*.json' or 'onnx/*'");
  }
}

const matcher = (patterns: readonly string[]): ((path: string) => boolean) => {
  const expressions = patterns.map(globToRegExp);
  return path => expressions.some(expression => expression.test(path));
};

export interface Selection {
  /** Patterns instead of the default selection. */
  include?: readonly string[];
  /** Patterns that are left out in any case. */
  exclude?: readonly string[];
}

/** @throws UserError when nothing is left */
export function selectFiles<T extends { path: string }>(
  files: readonly T[],
  id: string,
  { include = [], exclude = [] }: Selection = {},
): T[] {
  const wanted = include.length > 0 ? matcher(include) : neededBy(files);
  const excluded = matcher(exclude);
  const selected = files.filter(({ path }) => wanted(path) && !excluded(path));
  if (selected.length > 0) return selected;
  const names = files.slice(0, 5).map(({ path }) => path);
  const hint = `there ${files.length === 0 ? 'are no files at all' : `are ${names.join(', ')}${files.length > 5 ? ', …' : ''}`}`;
  const patterns = [...include.map(glob => `--include ${glob}`), ...exclude.map(glob => `--exclude ${glob}`)];
  const what = patterns.length > 0 ? `matches ${patterns.join(' ')}` : 'belongs to a model folder';
  throw new UserError('TSLM_NO_FILES', `${id}: no file ${what}`, { hint });
}

function neededBy(files: readonly { path: string }[]): (path: string) => boolean {
  const top = files.map(({ path }) => path).filter(path => !path.includes('/'));
  const weights = matcher(WEIGHTS.find(kind => top.some(matcher(kind.slice(0, 1)))) ?? ['*.safetensors']);
  const companion = matcher(COMPANIONS);
  const foreign = matcher(FOREIGN);
  return path => !path.includes('/') && (weights(path) || (companion(path) && !foreign(path)));
}
