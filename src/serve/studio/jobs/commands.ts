/** The commands that the studio can start, with the options that its forms offer of each. The page makes its forms of this table. */

interface Common {
  name: string;
  /** `--out`; neither flag nor key: an argument by its place. */
  flag?: string;
  /** Key of the recipe that `--set` changes. */
  key?: string;
  isRequired?: boolean;
  /** Few people need it: the form folds it away. */
  isRare?: boolean;
}

/** What a path leads to, for suggestions. */
export type PathKind = 'text' | 'rows' | 'corpus' | 'model' | 'run' | 'recipe' | 'tokenizer' | 'learning' | 'folder';

export type JobOption = Common &
  (
    | { kind: 'path'; of: PathKind }
    /** Of what is going to be written, below a folder that is usual for it. */
    | { kind: 'newPath'; below: string }
    | { kind: 'choice'; choices: readonly string[]; default?: string }
    | { kind: 'number'; isWhole: boolean; min: number; max: number; default?: number }
    /** `90s`, `10m`, `2h` */
    | { kind: 'time' }
    /** `pattern`: all that it may be. */
    | { kind: 'words'; pattern: string; example: string }
    | { kind: 'switch' }
  );

const count = (max = 1e9) => ({ kind: 'number', isWhole: true, min: 1, max }) as const;

/** Arguments by place come first, in their order. */
export const JOB_COMMANDS = {
  prepare: [
    { name: 'input', kind: 'path', of: 'text', isRequired: true },
    { name: 'out', kind: 'newPath', below: 'corpora', flag: '--out', isRequired: true },
    {
      name: 'tokenizerKind',
      kind: 'choice',
      choices: ['byte-bpe', 'char'],
      default: 'byte-bpe',
      flag: '--tokenizer-kind',
    },
    { name: 'vocabSize', ...count(1e6), default: 16384, flag: '--vocab-size' },
    {
      name: 'document',
      kind: 'choice',
      choices: ['file', 'paragraph', 'line'],
      default: 'file',
      flag: '--document',
    },
    { name: 'tokenizer', kind: 'path', of: 'tokenizer', flag: '--tokenizer', isRare: true },
    {
      name: 'column',
      kind: 'words',
      pattern: '[\\p{L}\\p{N}_][\\p{L}\\p{N}_.\\- ]*',
      example: 'text',
      flag: '--column',
      isRare: true,
    },
    { name: 'overwrite', kind: 'switch', flag: '--overwrite', isRare: true },
  ],
  train: [
    { name: 'recipe', kind: 'path', of: 'recipe', isRequired: true },
    { name: 'corpus', kind: 'path', of: 'corpus', key: 'data.corpus' },
    { name: 'out', kind: 'newPath', below: 'runs', flag: '--out' },
    { name: 'time', kind: 'time', key: 'train.budget' },
    { name: 'steps', ...count(), key: 'train.steps' },
    { name: 'batchSize', ...count(1e6), key: 'train.batchSize' },
    { name: 'lr', kind: 'number', isWhole: false, min: 1e-9, max: 10, key: 'optimizer.lr' },
    { name: 'from', kind: 'path', of: 'model', key: 'model.from', isRare: true },
    { name: 'layers', ...count(1000), key: 'model.layers', isRare: true },
    { name: 'hidden', ...count(65536), key: 'model.hidden', isRare: true },
    { name: 'heads', ...count(1024), key: 'model.heads', isRare: true },
    { name: 'context', ...count(1e6), key: 'model.context', isRare: true },
  ],
  finetune: [
    { name: 'model', kind: 'path', of: 'model', isRequired: true },
    { name: 'data', kind: 'path', of: 'rows', flag: '--data', isRequired: true },
    { name: 'out', kind: 'newPath', below: 'runs', flag: '--out' },
    { name: 'epochs', ...count(10_000), flag: '--epochs' },
    {
      name: 'adapter',
      kind: 'choice',
      choices: ['lora', 'dora', 'pissa', 'ia3', 'vera'],
      flag: '--adapter',
    },
    { name: 'lr', kind: 'number', isWhole: false, min: 1e-9, max: 10, flag: '--lr' },
    { name: 'batchSize', ...count(1e6), flag: '--batch-size' },
    { name: 'validation', kind: 'path', of: 'rows', flag: '--validation', isRare: true },
    { name: 'rank', ...count(4096), flag: '--rank', isRare: true },
    { name: 'skipBad', kind: 'switch', flag: '--skip-bad', isRare: true },
    { name: 'dryRun', kind: 'switch', flag: '--dry-run', isRare: true },
  ],
  evaluate: [
    { name: 'model', kind: 'path', of: 'model', isRequired: true },
    { name: 'data', kind: 'path', of: 'corpus', flag: '--data' },
    { name: 'split', kind: 'choice', choices: ['train', 'validation', 'test'], default: 'validation', flag: '--split' },
    {
      name: 'tasks',
      kind: 'words',
      pattern: '[A-Za-z0-9_*][A-Za-z0-9_*,.\\-]*',
      example: 'blimp,lambada_openai',
      flag: '--tasks',
    },
    { name: 'taskData', kind: 'path', of: 'folder', flag: '--data-map' },
    { name: 'output', kind: 'newPath', below: 'results', flag: '--output' },
    { name: 'limit', ...count(), flag: '--limit' },
    { name: 'fewshot', kind: 'number', isWhole: true, min: 0, max: 1000, flag: '--num-fewshot', isRare: true },
    {
      name: 'precision',
      kind: 'choice',
      choices: ['float32', 'bf16', 'int8'],
      default: 'float32',
      flag: '--precision',
      isRare: true,
    },
  ],
  learn: [
    { name: 'folder', kind: 'path', of: 'learning', isRequired: true },
    {
      name: 'then',
      kind: 'choice',
      choices: ['promote', 'canary', 'shadow', 'nothing'],
      default: 'promote',
      flag: '--then',
    },
    { name: 'replay', kind: 'path', of: 'rows', flag: '--replay' },
    { name: 'rebuild', kind: 'switch', flag: '--rebuild', isRare: true },
  ],
  resume: [
    { name: 'run', kind: 'path', of: 'run', isRequired: true },
    { name: 'steps', ...count(), key: 'train.steps' },
    { name: 'time', kind: 'time', key: 'train.budget' },
  ],
} as const satisfies Record<string, readonly JobOption[]>;

export type JobCommand = keyof typeof JOB_COMMANDS;
export type JobOptionName<C extends JobCommand> = (typeof JOB_COMMANDS)[C][number]['name'];
export type JobValues = Readonly<Record<string, string | number | boolean>>;

export const optionsOfJob = (command: JobCommand): readonly JobOption[] => JOB_COMMANDS[command];

/** Words after `tslm`, of values that are right. What is as by default is left out. */
export function wordsOf(command: JobCommand, values: JobValues): string[] {
  const words = optionsOfJob(command).map((option): string[] => {
    const value = values[option.name];
    if (value === undefined || value === '' || value === false) return [];
    if ('default' in option && value === option.default) return [];
    if (option.key !== undefined) return ['--set', `${option.key}=${scalar(value)}`];
    if (option.flag === undefined) return [String(value)];
    if (value === true) return [option.flag];
    // Data of all tasks lies in one folder.
    return [option.flag, option.flag === '--data-map' ? `*=${value}` : String(value)];
  });
  return [command, ...words.flat()];
}

/** Values of `--set` are YAML: a text that would be something else there is in quotes. */
const scalar = (value: string | number | boolean): string =>
  typeof value !== 'string' || /^[\p{L}_./][\p{L}\p{N}_./-]*$|^\d+(\.\d+)?[smh]$/u.test(value)
    ? String(value)
    : JSON.stringify(value);

/** As a person types it in a shell. */
export const commandLine = (words: readonly string[]): string =>
  ['tslm', ...words]
    .map(word => (/^[\p{L}\p{N}_./=,:@%+-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
