/** Whatever a command may be told to evaluate: a model's folder, a run, an adapter, an n-gram model, a server. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { baseFolderOf } from '../../models/adapters/folder.ts';
import { modelFolder } from '../../models/auto.ts';
import { loadNgram } from '../../ngram/index.ts';
import { usageError } from '../../support/errors.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { EvaluatedModel } from './evaluated-model.ts';
import { ngramModel } from './ngram-model.ts';
import { type OpenModelOptions, openEvaluatedModel } from './open-model.ts';
import { revisionOf } from './remembered.ts';
import { openServedModel } from './served-model.ts';

export interface OpenAnyOptions extends OpenModelOptions {
  /** Of a server; the model's name is then what the server calls it. */
  baseUrl?: string;
  /** Folder of the tokenizer of a server's model. */
  tokenizer?: string;
  /** Most tokens that a server's model reads. */
  maxLength?: number;
  apiKey?: string;
}

export interface OpenedModel {
  model: EvaluatedModel;
  /** What it is called in results. */
  name: string;
  /** Folder on this machine. */
  folder?: string;
  /** What its answers depend on beside the request and how it is asked; takes a while for large files. */
  revision(): Promise<string>;
  /** Requests between two writes of a cache. */
  chunk?: number;
}

/** Whether a folder holds an n-gram model. */
export const isNgram = (folder: string): boolean => existsSync(join(folder, 'ngram.json'));

const isUrl = (name: string): boolean => /^https?:\/\//.test(name);

/** @throws UserError when there is no such model, or an option does not suit it */
export async function openAnyModel(name: string, options: OpenAnyOptions = {}): Promise<OpenedModel> {
  const { baseUrl, tokenizer, maxLength, apiKey, ...own } = options;
  if (baseUrl !== undefined || isUrl(name)) {
    refuse(name, { '--score': own.score, '--pll': own.pll, '--pooling': own.pooling });
    const model = await openServedModel({
      baseUrl: baseUrl ?? name,
      model: baseUrl === undefined ? undefined : name,
      tokenizer: tokenizer === undefined ? undefined : Tokenizer.fromFile(tokenizer),
      maxLength,
      apiKey,
    });
    const what = [model.name, tokenizer ?? 'text', maxLength ?? ''].join(' ');
    return { model, name: model.model, revision: async () => what, chunk: 64 };
  }
  refuse(name, { '--tokenizer': tokenizer, '--max-length': maxLength }, 'that is for models of a server: --base-url');
  if (isNgram(name)) {
    refuse(name, {
      '--score': own.score === 'masked' ? own.score : undefined,
      '--pll': own.pll,
      '--pooling': own.pooling,
    });
    return { model: ngramModel(loadNgram(name), name), name, folder: name, revision: () => revisionOf(name) };
  }
  const folder = modelFolder(name);
  const base = baseFolderOf(folder);
  const revision = async (): Promise<string> =>
    [...(base === undefined ? [] : [await revisionOf(base)]), await revisionOf(folder)].join(' ');
  return { model: openEvaluatedModel(folder, own), name: folder, folder, revision };
}

function refuse(name: string, options: Readonly<Record<string, unknown>>, hint = 'leave it out'): void {
  const [given] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (given !== undefined) throw usageError('TSLM_UNUSED_OPTION', `${name}: ${given} says nothing of this model`, hint);
}
