/** Model folders of bytes, with a chat template, that a server opens in a moment. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { noGrad } from '../../src/torch/index.ts';
import { byteTokenizer } from '../data/helpers.ts';

/** As Qwen and Hermes write conversations, tools included. */
const CHAT_TEMPLATE = `{%- if tools %}<|system|>You may call: {% for tool in tools %}{{ tool | tojson }}{% endfor %}
Answer with <tool_call>{"name": …, "arguments": …}</tool_call> to call one.
{% endif %}{%- for message in messages %}<|{{ message.role }}|>{{ message.content }}
{% endfor %}{%- if add_generation_prompt %}<|assistant|>{% endif %}`;

export interface TinyOptions {
  hidden?: number;
  layers?: number;
  context?: number;
  /** Default: with one. */
  chat?: boolean;
}

/** @returns `folder` */
export function tinyFolder(
  folder: string,
  { hidden = 64, layers = 2, context = 1024, chat = true }: TinyOptions = {},
): string {
  mkdirSync(folder, { recursive: true });
  byteTokenizer(folder);
  const sizes = { layers, hidden, heads: hidden / 32, context, vocabSize: 257 };
  const model = createModel('gpt2', sizes, { seed: 1, eosTokenId: 256 });
  noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(6))));
  saveModel(folder, model);
  model.dispose();
  if (chat) {
    const path = join(folder, 'tokenizer_config.json');
    const config = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...config, chat_template: CHAT_TEMPLATE }));
  }
  return folder;
}
