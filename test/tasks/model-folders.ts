/** Folders of tiny models, one for each kind of task. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveModel } from '../../src/models/auto.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { pngOf, randomImage } from '../helpers/images.ts';
import { tinyModel, wordTokenizer } from './helpers.ts';

const id2label = { 0: 'O', 1: 'B-PER', 2: 'B-LOC' };

const readers: Record<string, [modelType: string, architecture: string, more?: Record<string, unknown>]> = {
  sentiment: ['bert', 'BertForSequenceClassification', { id2label: { 0: 'negative', 1: 'positive' } }],
  names: ['bert', 'BertForTokenClassification', { id2label }],
  masked: ['bert', 'BertForMaskedLM'],
  reader: ['bert', 'BertForQuestionAnswering'],
  vectors: ['bert', 'BertModel'],
  t5: [
    't5',
    'T5ForConditionalGeneration',
    { task_specific_params: { summarization: { max_length: 8 }, translation_en_to_de: { prefix: 'the ' } } },
  ],
};

/**
 * Writes `folder`/sentiment, names, masked, reader, vectors, t5, writer, which continues bytes and chats, seeing and telling, which
 * read images, and photo.png.
 */
export function taskModels(folder: string): string {
  for (const [name, [modelType, architecture, more]] of Object.entries(readers)) {
    using model = tinyModel(modelType, architecture, more);
    saveModel(join(folder, name), model);
    wordTokenizer().save(join(folder, name));
  }
  const writer = join(folder, 'writer');
  mkdirSync(writer, { recursive: true });
  using model = tinyModel('gpt2', 'GPT2LMHeadModel', { vocab_size: 257, n_positions: 256, eos_token_id: 256 });
  saveModel(writer, model);
  chatTokenizer(writer).save(writer);
  using seeing = tinyModel('vit', 'ViTForImageClassification', { id2label: { 0: 'cat', 1: 'dog', 2: 'bird' } });
  saveModel(join(folder, 'seeing'), seeing);
  using telling = tinyModel('vision-encoder-decoder', 'VisionEncoderDecoderModel');
  saveModel(join(folder, 'telling'), telling);
  wordTokenizer().save(join(folder, 'telling'));
  writeFileSync(join(folder, 'photo.png'), pngOf(randomImage(20, 15, 1)));
  return folder;
}

/** A token a byte, and a template that writes roles, tools and messages line by line. */
export function chatTokenizer(folder: string): Tokenizer {
  const bytes = byteTokenizer(folder).toJSON();
  const chat_template =
    '{% for tool in tools or [] %}tool: {{ tool.function.name }}\n{% endfor %}' +
    '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}' +
    '{% if add_generation_prompt %}assistant: {% endif %}';
  return Tokenizer.fromJSON(bytes, 'tokenizer.json', { eos_token: '<|endoftext|>', chat_template });
}
