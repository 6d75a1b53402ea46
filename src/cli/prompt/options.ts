/** Options that the commands of `tslm prompt` share, and what they open. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Completer } from '../../prompt/completer.ts';
import type { PromptFile } from '../../prompt/program/prompt-file.ts';
import { usageError } from '../../support/errors.ts';
import {
  collect,
  type InferenceTypeName,
  inferenceTypeOf,
  inferenceTypeOption,
  nonNegativeInteger,
  positiveInteger,
} from '../options.ts';
import { printNote } from '../print.ts';

export interface ModelOptions {
  model?: string;
  baseUrl?: string;
  cache?: string;
  dtype: InferenceTypeName;
}

export const withModelOptions = (command: Command): Command =>
  command
    .option('--model <model>', 'folder of a model or of a run; with --base-url what the server calls it')
    .option('--base-url <url>', "of any server with OpenAI's API, up to and with /v1; OPENAI_API_KEY is its key")
    .option('--cache <file>', "keep the model's answers here: what is there already is not asked again")
    .addOption(inferenceTypeOption());

export interface StrategyOptions {
  strategy?: string;
  option?: string[];
  verifier?: string;
  seed: number;
  budget?: number;
}

export const withStrategyOptions = (command: Command): Command =>
  command
    .option('--strategy <name>', "in place of the file's: self-consistency, tree-of-thoughts … (docs/PROMPTS.md)")
    .option('--option <name=value>', 'of the strategy, in place of what the file says; may be repeated', collect)
    .option('--verifier <model>', 'what scores solutions: the folder of a model, or self')
    .option('--seed <n>', 'of all that is drawn', nonNegativeInteger, 0)
    .option('--budget <tokens>', 'most tokens that are written for a question', positiveInteger);

/** @throws UserError when neither or too much is given */
export async function openCompleter(options: ModelOptions): Promise<Completer> {
  const { model, baseUrl, cache, dtype } = options;
  const { cachedCompleter } = await import('../../prompt/completers/cached.ts');
  const opened = baseUrl === undefined ? await openLocal(model, dtype) : await openServed(baseUrl, model);
  return cache === undefined ? opened : cachedCompleter(opened, cache);
}

async function openLocal(model: string | undefined, dtype: InferenceTypeName): Promise<Completer> {
  if (model === undefined) {
    throw usageError('TSLM_MISSING_OPTION', 'no model is given', 'give --model FOLDER, or --base-url URL');
  }
  const { openLocalCompleter } = await import('../../prompt/completers/local.ts');
  return openLocalCompleter(model, { dtype: inferenceTypeOf(dtype), onNote: printNote });
}

async function openServed(baseUrl: string, model: string | undefined): Promise<Completer> {
  const { openServedCompleter } = await import('../../prompt/completers/served.ts');
  return openServedCompleter({ baseUrl, model, apiKey: process.env.OPENAI_API_KEY });
}

/** The file with what the command line says in place of it. */
export async function readPrompt(path: string, options: Partial<StrategyOptions> = {}): Promise<PromptFile> {
  const { readPromptFile } = await import('../../prompt/program/prompt-file.ts');
  const file = readPromptFile(path);
  const { strategy = file.options.strategy.name, option = [], verifier } = options;
  const own = strategy === file.options.strategy.name ? file.options.strategy : { name: strategy };
  const changed = { ...own, ...Object.fromEntries(option.map(pairOf)) };
  // Paths of the command line start where it is typed, those of the file where it lies.
  const here = verifier === undefined || verifier === 'self' ? verifier : resolve(verifier);
  return { ...file, options: { ...file.options, strategy: changed, verifier: here ?? file.options.verifier } };
}

/** `name=value`; what is JSON is read as it: numbers, lists, true. */
export function pairOf(pair: string): [string, unknown] {
  const at = pair.indexOf('=');
  if (at < 1) throw usageError('TSLM_BAD_VALUE', `${pair} is not NAME=VALUE`, 'write samples=8');
  return [pair.slice(0, at), valueIn(pair.slice(at + 1))];
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
