/** From a folder to a model that takes requests: loaded in the element type that serves best, packed, described. */
import { startCompiler } from '../constrain/index.ts';
import { combinedHash, contentHash, fingerprintOf } from '../models/content-hash.ts';
import { Decoder } from '../models/decoder.ts';
import { EncoderDecoder } from '../models/encoder-decoder.ts';
import { loadForInference } from '../models/load-for-inference.ts';
import type { Model } from '../models/model.ts';
import { formatBytes } from '../support/format.ts';
import { once, refuseWarning } from '../support/warnings.ts';
import { abilitiesOf } from '../tasks/abilities.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { DType } from '../torch/index.ts';
import { type Adapters, createAdapters } from './adapters.ts';
import { type CallParts, createCalls } from './calls.ts';
import { createLocalEngine, type LocalEngine } from './local-engine.ts';
import type { OpenOptions } from './messages.ts';
import type { ModelCard } from './protocol.ts';
import { thinkingTagsOf } from './thinking-tags.ts';
import { toolFormatOf } from './tools/tool-format.ts';

export interface OpenedModel {
  engine: LocalEngine;
  adapters: Adapters;
  /** Loads an adapter; returns the fingerprint of the model with it. */
  loadAdapter(name: string, folder: string): string;
  call: CallParts;
  card: ModelCard;
  notes: string[];
  dispose: () => void;
}

/** @param wake called when there is something to do after the engine had nothing */
export function openModel(
  folder: string,
  { name = folder, dtype, strict = false, ...limits }: OpenOptions,
  wake: () => void = () => {},
): OpenedModel {
  const notes: string[] = [];
  const onNote = (note: string): void => void notes.push(note);
  const onWarning = strict ? refuseWarning : once(message => onNote(`warning: ${message}`));
  const tokenizer = Tokenizer.fromFile(folder, { onWarning });
  const model = loadForInference(folder, { dtype, onNote, onWarning });
  const adapters = createAdapters(model);
  const content = contentHash(folder);
  const compiler = startCompiler(folder);
  const engine = createLocalEngine(model, tokenizer, folder, adapters, limits, { compiler, wake });
  const { budget } = engine;
  if (budget) {
    const tokens = budget.pages * budget.pageSize;
    notes.push(`keys and values of ${tokens.toLocaleString('en')} tokens in ${formatBytes(budget.bytes)}`);
  }
  return {
    engine,
    adapters,
    loadAdapter: (name, path) => fingerprintOf(combinedHash(content, adapters.load(name, path))),
    call: createCalls(folder, model, tokenizer, () => engine.isGenerating),
    card: {
      ...cardOf(model, tokenizer, { name, folder, contextLength: engine.contextLength }),
      fingerprint: fingerprintOf(content),
    },
    notes,
    dispose() {
      engine[Symbol.dispose]();
      adapters[Symbol.dispose]();
      model.dispose();
    },
  };
}

function cardOf(
  model: Model,
  tokenizer: Tokenizer,
  { name, folder, contextLength }: { name: string; folder: string; contextLength: number },
): ModelCard {
  const { backbone, family, task } = model;
  const architecture =
    backbone instanceof EncoderDecoder ? 'encoder-decoder' : backbone instanceof Decoder ? 'decoder' : 'encoder';
  const dtype: DType = model.parameters()[0].dtype;
  return {
    id: name,
    created: Math.floor(Date.now() / 1000),
    modelType: family.modelType,
    architecture,
    task,
    abilities: abilitiesOf(model, tokenizer),
    contextLength,
    vocabularySize: tokenizer.vocabSize,
    parameters: model.parameterCount(),
    dtype,
    hasChatTemplate: tokenizer.config.chat_template != null,
    thinking: thinkingTagsOf(tokenizer.config.chat_template),
    toolFormat: toolFormatOf(JSON.stringify(tokenizer.config.chat_template ?? '')),
    path: folder,
  };
}
