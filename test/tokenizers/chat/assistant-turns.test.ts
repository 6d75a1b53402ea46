/** What the assistant writes, found in templates that do not say it. */
import { describe, expect, it } from 'vitest';
import { type ChatMessage, renderChat } from '../../../src/tokenizers/chat/chat.ts';
import { chatTemplates, withChatTemplate } from '../../../src/tokenizers/chat/give-template.ts';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { errorOf } from '../../data/helpers.ts';

const specialTokens = ['<|im_start|>', '<|im_end|>', '</s>'];
/** The parts that are found, and how. */
function found(template: string, messages: readonly ChatMessage[]): { parts: string[]; by: string | undefined } {
  const { text, generated, by } = renderChat(messages, template, {}, { specialTokens }, true);
  const points = Array.from(text);
  return { parts: generated.map(({ start, end }) => points.slice(start, end).join('')), by };
}

const chat = (...turns: string[]): ChatMessage[] =>
  turns.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));

describe('turns of the assistant', () => {
  it('are the difference of renderings, with what ends them', () => {
    expect(found(chatTemplates.chatml, chat('😀', 'Hé', 'more', '😀!'))).toEqual({
      parts: ['Hé<|im_end|>\n', '😀!<|im_end|>\n'],
      by: 'difference',
    });
  });

  it('begin where the prompt ends, where a template does not ask for an answer', () => {
    const llama2 =
      "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }} </s>{% endif %}{% endfor %}";
    expect(found(llama2, chat('a', 'b', 'c', 'd')).parts).toEqual([' b </s>', ' d </s>']);
    // An open thought in the prompt is not in the text: what both begin with counts.
    const thinks =
      '{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant><think>{% endif %}';
    expect(found(thinks, chat('a', 'b')).parts).toEqual(['b</s>']);
  });

  /** As Qwen3's: thoughts are kept in the last turn alone. */
  const lastThinks =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}" +
    '{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

  it('leave empty thoughts out, and are found by what they say where they are written otherwise later', () => {
    expect(found(lastThinks, chat('a', 'b'))).toEqual({ parts: ['b<|im_end|>\n'], by: 'difference' });
    expect(found(lastThinks, chat('a', 'b', 'c', 'd'))).toEqual({
      parts: ['b<|im_end|>', 'd<|im_end|>\n'],
      by: 'text',
    });
  });

  it('keep thoughts that say something', () => {
    expect(found(chatTemplates.chatml, chat('a', '<think>\nhm\n</think>\n\nb')).parts).toEqual([
      '<think>\nhm\n</think>\n\nb<|im_end|>\n',
    ]);
  });

  it('that a template says itself are taken from there', () => {
    const says =
      '{% for m in messages %}{% generation %}<think>\n</think>{{ m.content }}{% endgeneration %}.{% endfor %}';
    expect(found(says, chat('a', 'b'))).toEqual({ parts: ['a', 'b'], by: 'tags' });
  });

  it('none where there is no assistant', () => {
    expect(found(chatTemplates.chatml, chat('a'))).toEqual({ parts: [], by: 'difference' });
  });
});

describe('a template for a base model', () => {
  const base = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_roberta');

  it.each([
    ['chatml', '<|im_end|>', 2],
    ['llama3', '<|eot_id|>', 3],
  ])('%s brings its special tokens, the last of which ends texts', (name, end, count) => {
    const given = withChatTemplate(base, name);
    expect(given.vocabSize).toBe(base.vocabSize + count);
    expect(given.idToToken(given.eosTokenId!)).toBe(end);
    const { encoding, assistantMask } = given.encodeChatWithMask(chat('Dogs and cats', 'The river 😀'));
    const learnt = encoding.ids.filter((_, i) => assistantMask[i] === 1);
    expect(given.decode(learnt).trim()).toBe(`The river 😀${end}`);
    expect(base.tokenToId(end)).toBeUndefined();
  });

  it('is not given twice, has no tools, and must be there', async () => {
    const once = withChatTemplate(base, 'chatml');
    expect(withChatTemplate(once, 'chatml').vocabSize).toBe(once.vocabSize);
    expect(() => once.applyChatTemplate(chat('a'), { tools: [{ name: 'f' }] })).toThrow(/has no place for tools/);
    expect(await errorOf(() => withChatTemplate(base, 'chatmI'))).toMatchObject({
      code: 'TSLM_CHAT_TEMPLATE',
      hint: expect.stringContaining('chatml, llama3'),
    });
  });
});
