/** Tasks that write text. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import { generate } from '../../src/generate/generate.ts';
import { answerChat, streamChat } from '../../src/tasks/chat.ts';
import { continueTexts, streamContinuations } from '../../src/tasks/text-generation.ts';
import { instructionFor, streamSummaries, summarize, translate } from '../../src/tasks/text-to-text.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();
const generation = { maxNewTokens: 6 };

/** What the model writes after tokens, by generation alone. */
function written(model: ReturnType<typeof tinyModel>, ids: readonly number[], maxNewTokens = 6): number[] {
  const config = resolveGenerationConfig({ maxNewTokens });
  return [...generate(model, [ids], config)].flatMap(tokens => tokens.map(({ id }) => id));
}

describe('text generation', () => {
  it('continues each prompt', () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const prompts = ['the cat', 'unloving'];
    const texts = continueTexts(model, tokenizer, prompts, { generation });
    expect(texts.map(({ prompt }) => prompt)).toEqual(prompts);
    expect(texts.map(({ ids }) => ids)).toEqual(prompts.map(text => written(model, tokenizer.encode(text).ids)));
    const pieces = [...streamContinuations(model, tokenizer, prompts, { generation })];
    const joined = prompts.map((_, row) => pieces.filter(piece => piece.row === row).map(({ text }) => text));
    expect(joined.map(parts => parts.join(''))).toEqual(texts.map(({ text }) => text));
  });

  it('ends as the model says where nobody asks for a length', () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const [told] = continueTexts(model, tokenizer, ['the cat'], { defaults: { maxNewTokens: 3 } });
    expect(told.ids).toHaveLength(3);
    const [untold] = continueTexts(model, tokenizer, ['the cat']);
    expect(untold.stop).toBe('context');
  });
});

describe('chat', () => {
  const talker = wordTokenizer({
    chat_template:
      '{% for m in messages %}{{ m.role }} {{ m.content }} . {% endfor %}{% if add_generation_prompt %}who{% endif %}',
  });
  const messages = [{ role: 'user', content: 'where is ann ?' }];

  it('answers after the template', () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const [{ message, ids, prompt }] = answerChat(model, talker, messages, { generation });
    expect(prompt).toBe('user where is ann ? . who');
    expect(ids).toEqual(written(model, talker.encode(prompt, { addSpecialTokens: false }).ids));
    expect(message).toEqual({ role: 'assistant', content: talker.decode(ids, { skipSpecialTokens: true }) });
    const pieces = [...streamChat(model, talker, messages, { generation })];
    expect(pieces.map(({ text }) => text).join('')).toBe(message.content);
  });

  it('goes on with the last message', () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const template = { continueFinalMessage: true };
    const begun = [...messages, { role: 'assistant', content: 'ann is in' }];
    const [{ prompt }] = answerChat(model, talker, begun, { generation, template });
    expect(prompt).toBe('user where is ann ? . assistant ann is in');
  });
});

describe('encoder–decoders', () => {
  const params = {
    summarization: { prefix: 'the cat ', max_length: 5, min_length: 2 },
    translation_en_to_de: { prefix: 'ann is ' },
    translation_en_to_fr: { prefix: 'lee is ' },
  };

  it('summarise after the words and in the length that config.json says', () => {
    using model = tinyModel('t5', 'T5ForConditionalGeneration', { task_specific_params: params });
    const [summary] = summarize(model, tokenizer, ['dog sat']);
    expect(summary.prompt).toBe('the cat dog sat');
    expect(summary.ids).toHaveLength(4); // and the decoder's first token
    expect(summary.ids).toEqual(written(model, tokenizer.encode('the cat dog sat').ids, 4));
    const [longer] = summarize(model, tokenizer, ['dog sat'], { generation });
    expect(longer.ids).toHaveLength(6);
    const pieces = [...streamSummaries(model, tokenizer, ['dog sat'])];
    expect(pieces.map(({ text }) => text).join('')).toBe(summary.text);
  });

  it('translate after the words for the languages', async () => {
    using model = tinyModel('t5', 'T5ForConditionalGeneration', { task_specific_params: params });
    const [text] = translate(model, tokenizer, ['dog'], { targetLanguage: 'fr', generation });
    expect(text.prompt).toBe('lee is dog');
    expect(text.ids).toEqual(written(model, tokenizer.encode('lee is dog').ids));
    expect(await errorOf(() => translate(model, tokenizer, ['dog']))).toMatchObject({
      code: 'TSLM_LANGUAGE',
      hint: 'it has: en to de, en to fr',
    });
    expect(await errorOf(() => translate(model, tokenizer, ['dog'], { targetLanguage: 'zh' }))).toMatchObject({
      code: 'TSLM_LANGUAGE',
    });
  });

  it('translate as they are, or after a token for the language', () => {
    using model = tinyModel('marian', 'MarianMTModel');
    const [plain] = translate(model, tokenizer, ['dog'], { generation });
    expect(plain.ids).toEqual(written(model, tokenizer.encode('dog').ids));
    // A word of the vocabulary in the place of a language.
    const json = JSON.parse(JSON.stringify(tokenizer.toJSON()).replace('"paris"', '">>fra<<"'));
    const several = Tokenizer.fromJSON(json);
    const [french] = translate(model, several, ['dog'], { targetLanguage: 'fra', generation });
    expect(french.ids).toEqual(written(model, [several.tokenToId('>>fra<<')!, ...several.encode('dog').ids]));
  });

  it('know the languages of their folder', async () => {
    const pair = wordTokenizer({ source_lang: 'en', target_lang: 'de' });
    const task = { name: 'translation', sourceLanguage: 'en', targetLanguage: 'de' } as const;
    expect(instructionFor({}, pair, task)).toEqual({ prefix: '', prefixIds: [], generation: {} });
    expect(await errorOf(() => instructionFor({}, pair, { ...task, targetLanguage: 'fr' }))).toMatchObject({
      code: 'TSLM_LANGUAGE',
      message: 'this model is not known to translate from en to fr',
    });
    expect(await errorOf(() => instructionFor({}, tokenizer, task))).toMatchObject({ code: 'TSLM_LANGUAGE' });
  });

  it('are not to be replaced by a decoder', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    expect(await errorOf(() => summarize(model, tokenizer, ['dog']))).toMatchObject({ code: 'TSLM_TASK' });
  });

  it('read the beginning of a text that is too long where they are told to', async () => {
    using model = tinyModel('bart', 'BartForConditionalGeneration');
    const long = 'the cat sat on the mat . '.repeat(20);
    const error = await errorOf(() => summarize(model, tokenizer, [long], { generation }));
    expect(error).toMatchObject({ code: 'TSLM_TOO_LONG', message: expect.stringMatching(/^input 1 has \d+ tokens/) });
    const [summary] = summarize(model, tokenizer, [long], { generation, truncate: true });
    const { ids } = tokenizer.encode(long, { truncation: true, maxLength: 32 });
    expect(summary.ids).toEqual(written(model, ids));
  });
});
