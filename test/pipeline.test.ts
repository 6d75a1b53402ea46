import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pipeline } from '../src/pipeline.ts';
import { embedTexts } from '../src/tasks/embeddings.ts';
import { similarities } from '../src/tasks/similarity.ts';
import { memoryStats } from '../src/torch/index.ts';
import { errorOf } from './data/helpers.ts';
import { itShared } from './helpers/shared.ts';
import { scratchFolder } from './support/scratch.ts';
import { taskModels } from './tasks/model-folders.ts';

const folder = taskModels(scratchFolder());
const textOf = async (pieces: AsyncIterable<{ text: string }>): Promise<string> => {
  let all = '';
  for await (const { text } of pieces) all += text;
  return all;
};
const at = (name: string): string => join(folder, name);

describe('pipelines', () => {
  it('give one result for one input and a list for a list', () => {
    using classify = pipeline('text-classification', at('sentiment'));
    const texts = ['the cat', 'a dog sat'];
    const all = classify(texts);
    expect(all.map(labels => labels.map(({ label }) => label).sort())).toEqual([
      ['negative', 'positive'],
      ['negative', 'positive'],
    ]);
    const [one] = classify(texts[1], { topK: 1 });
    expect(one).toEqual({ label: all[1][0].label, score: expect.closeTo(all[1][0].score, 5) });
    const [pair] = classify({ text: 'the cat', pair: 'a dog' });
    expect(pair.score).not.toBeCloseTo(classify('the cat a dog')[0].score, 4);
  });

  it('read', () => {
    using find = pipeline('token-classification', at('names'));
    const entities = find('ann met lee', { ignoreLabels: [] });
    expect(entities.map(({ word }) => word)).toEqual(['ann', 'met', 'lee']);
    expect(find(['ann', 'lee'], { ignoreLabels: [] })).toHaveLength(2);
    using fill = pipeline('fill-mask', at('masked'));
    expect(fill('the [MASK] [MASK]', { topK: 2 }).map(words => words.length)).toEqual([2, 2]);
    using answer = pipeline('question-answering', at('reader'));
    const context = 'ann met lee in paris';
    const [{ text, start, end }] = answer({ question: 'who met lee ?', context });
    expect(context.slice(start, end)).toBe(text);
  });

  it('compare', () => {
    const texts = ['the cat sat', 'a dog', 'ann met lee in paris'];
    using features = pipeline('feature-extraction', at('vectors'));
    expect(features(texts).map(vectors => vectors.length)).toEqual([5, 4, 7]);
    expect(features(texts, { pooling: 'cls' })).toEqual(
      embedTexts(features.model, features.tokenizer, texts, { pooling: 'cls' }).vectors,
    );
    using rank = pipeline('rerank', at('vectors'));
    using compare = pipeline('sentence-similarity', at('vectors'));
    const scores = compare(texts[0], texts);
    const ranked = rank(texts[0], texts);
    expect(ranked[0]).toEqual({ index: 0, document: texts[0], score: expect.closeTo(1, 5) });
    for (const { index, document, score } of ranked) {
      expect(document).toBe(texts[index]);
      expect(score).toBe(scores[index]);
    }
    expect(rank(texts[0], texts, { topK: 1 })).toHaveLength(1);
  });

  it('pool as the folder says', async () => {
    const own = join(scratchFolder(), 'cls');
    cpSync(at('vectors'), own, { recursive: true });
    const modules = [
      { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
      { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    ];
    writeFileSync(join(own, 'modules.json'), JSON.stringify(modules));
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(own, '1_Pooling'));
    const pooling = { word_embedding_dimension: 24, pooling_mode_cls_token: true, pooling_mode_mean_tokens: false };
    writeFileSync(join(own, '1_Pooling', 'config.json'), JSON.stringify(pooling));
    using compare = pipeline('sentence-similarity', own);
    const expected = similarities(compare.model, compare.tokenizer, 'the cat', ['a dog'], { pooling: 'cls' }).scores;
    expect(compare('the cat', ['a dog'])).toEqual(expected);
    expect(compare('the cat', ['a dog'], { pooling: 'mean' })).not.toEqual(expected);

    writeFileSync(join(own, 'modules.json'), JSON.stringify([...modules, { path: '2_Dense', type: 'x.Dense' }]));
    const error = await errorOf(() => pipeline('sentence-similarity', own));
    expect(error).toMatchObject({ code: 'TSLM_NOT_SUPPORTED', message: expect.stringContaining("a module 'Dense'") });
  });

  it('write, whole and piece by piece', async () => {
    const generation = { maxNewTokens: 8 };
    using write = pipeline('text-generation', at('writer'));
    const texts = write(['the cat', 'a'], { generation });
    expect(texts.map(({ prompt }) => prompt)).toEqual(['the cat', 'a']);
    expect(await textOf(write.stream('the cat', { generation }))).toBe(texts[0].text);
    expect(write('a', { generation: { ...generation, doSample: true, numReturnSequences: 3 } })).toHaveLength(3);

    using chat = pipeline('chat', at('writer'));
    const messages = [{ role: 'user', content: 'hi' }];
    const [answer] = chat(messages, { generation });
    expect(answer.prompt).toBe('user: hi\nassistant: ');
    expect(answer.message).toEqual({ role: 'assistant', content: answer.text });
    expect(await textOf(chat.stream(messages, { generation }))).toBe(answer.text);

    using summarize = pipeline('summarization', at('t5'));
    expect(summarize('the cat')[0].ids).toHaveLength(7);
    using translate = pipeline('translation', at('t5'));
    expect(translate('cat', { targetLanguage: 'de', generation })[0].prompt).toBe('the cat');
  });

  it('let everything else go on between two tokens, and end when nobody wants more', async () => {
    using write = pipeline('text-generation', at('writer'));
    using embed = pipeline('feature-extraction', at('vectors'));
    const generation = { maxNewTokens: 8 };
    const alone = await textOf(write.stream('the cat', { generation }));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    // Two streams and another model take turns in one thread.
    const other = textOf(write.stream('a', { generation }));
    let text = '';
    for await (const piece of write.stream('the cat', { generation })) {
      text += piece.text;
      embed('the cat', { pooling: 'mean' });
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    clearInterval(timer);
    expect(text).toBe(alone);
    expect(await other).toBe(write('a', { generation })[0].text);
    expect(turns).toBeGreaterThan(1);

    const { liveBytes } = memoryStats();
    for await (const _ of write.stream('the cat', { generation })) break;
    expect(memoryStats().liveBytes).toBe(liveBytes);
    const controller = new AbortController();
    const aborted = async (): Promise<void> => {
      for await (const _ of write.stream('the cat', { generation, signal: controller.signal })) controller.abort();
    };
    await expect(aborted()).rejects.toThrow(/abort/);
    expect(memoryStats().liveBytes).toBe(liveBytes);
  });

  it('draw other texts each time, and say the seed that draws one again', async () => {
    using write = pipeline('text-generation', at('writer'));
    const generation = { maxNewTokens: 12, doSample: true, temperature: 2, topK: 0 };
    const texts = [write('the cat', { generation })[0], write('the cat', { generation })[0]];
    expect(texts[0].seed).not.toBe(texts[1].seed);
    const several = write(['a', 'the cat'], { generation: { ...generation, numReturnSequences: 2 } });
    for (const { prompt, seed, ids } of [...several, texts[0]]) {
      expect(write(prompt, { generation: { ...generation, seed } })[0].ids).toEqual(ids);
    }
    for await (const { seed } of write.stream('a', { generation: { ...generation, seed: 7 } })) expect(seed).toBe(7);
    expect(write('a', { generation: { maxNewTokens: 2 } })[0].seed).toBeUndefined();
  });

  it('refuse settings that they do not have, naming the place of those of the generation', async () => {
    const refusal = async (body: () => unknown): Promise<unknown> => {
      const { message, hint } = (await errorOf(body)) as { message: string; hint?: string };
      return `${message} | ${hint}`;
    };
    using write = pipeline('text-generation', at('writer'));
    expect(await refusal(() => write('a', { maxNewTokens: 5 } as never))).toBe(
      "text-generation: unknown option 'maxNewTokens' | give it as { generation: { maxNewTokens } }",
    );
    expect(await refusal(() => write('a', { constrain: 1 } as never))).toContain("did you mean 'constraint'?");
    await expect(write.stream('a', { temperature: 5 } as never).next()).rejects.toThrow("unknown option 'temperature'");
    using classify = pipeline('text-classification', at('sentiment'));
    expect(await refusal(() => classify('a', { top_k: 1 } as never))).toContain("did you mean 'topK'?");
    using rank = pipeline('rerank', at('vectors'));
    expect(await refusal(() => rank('a', ['b'], { limit: 1 } as never))).toContain('known: topK');
    expect(await refusal(() => rank('a', 'b' as never))).toContain('rerank: expected a list of texts as input 2');
    expect(await refusal(() => pipeline('rerank', at('vectors'), { type: 'bfloat16' } as never))).toContain("'dtype'");
  });

  it.each([
    ['text-generation', 'writer', [5], 'a text or a list of texts'],
    ['text-generation', 'writer', [[null]], 'a text or a list of texts'],
    ['text-generation', 'writer', [], 'a text or a list of texts'],
    ['chat', 'writer', ['hi'], 'a list of messages { role, content }'],
    ['chat', 'writer', [[{ content: 'hi' }]], 'a list of messages { role, content }'],
    ['text-classification', 'sentiment', [{ text: 'a' }], 'a text, { text, pair }, or a list of them'],
    ['feature-extraction', 'vectors', [null], 'a text or a list of texts'],
    ['sentence-similarity', 'vectors', [5, ['a']], 'a text as input 1'],
    ['rerank', 'vectors', ['a', [undefined]], 'a list of texts as input 2'],
  ] as const)('%s of %s says what it takes instead of %j', async (task, name, given, expected) => {
    using run = pipeline(task, at(name));
    const error = await errorOf(() => (run as (...all: unknown[]) => unknown)(...given));
    expect(error).toMatchObject({ code: 'TSLM_BAD_VALUE', message: `${task}: expected ${expected}` });
  });

  it('refuse what is no generation and no pooling', async () => {
    using write = pipeline('text-generation', at('writer'));
    const refused = await errorOf(() => write('a', { generation: 5 } as never));
    expect(refused).toMatchObject({ code: 'TSLM_BAD_VALUE', message: "text-generation: 'generation' is no object" });
    using features = pipeline('feature-extraction', at('vectors'));
    const pooled = await errorOf(() => features('a', { pooling: 'avg' } as never));
    expect(pooled).toMatchObject({ code: 'TSLM_BAD_VALUE', hint: 'known: mean, max, cls, last' });
    expect(await errorOf(() => write.tokenizer.encode(5 as never))).toMatchObject({ code: 'TSLM_BAD_INPUT' });
  });

  it('give one text its own vectors', () => {
    using features = pipeline('feature-extraction', at('vectors'));
    expect(features('the cat sat')).toEqual(features(['the cat sat'])[0]);
    expect(features('the cat', { pooling: 'mean' })).toEqual(features(['the cat'], { pooling: 'mean' })[0]);
  });

  it('say that they were freed', async () => {
    const write = pipeline('text-generation', at('writer'));
    const stream = write.stream('the cat', { generation: { maxNewTokens: 8 } });
    await stream.next();
    write.dispose();
    write.dispose();
    expect(await errorOf(() => write('a'))).toMatchObject({ code: 'TSLM_CLOSED', hint: 'open it again' });
    await expect(stream.next()).rejects.toThrow('text-generation: the model was freed');
    await expect(write.stream('a').next()).rejects.toThrow('text-generation: the model was freed');
  });

  it('free their model', () => {
    const before = memoryStats().liveBytes;
    for (let i = 0; i < 3; i++) {
      using write = pipeline('text-generation', at('writer'));
      write('a', { generation: { maxNewTokens: 2 } });
    }
    expect(memoryStats().liveBytes).toBeLessThanOrEqual(before);
  });

  it('refuse tasks and models that are not there', async () => {
    const mistyped = await errorOf(() => pipeline('text-classificaton' as 'chat', at('sentiment')));
    expect(mistyped).toMatchObject({ code: 'TSLM_UNKNOWN_TASK', hint: "did you mean 'text-classification'?" });
    expect(await errorOf(() => pipeline('chat', at('none')))).toMatchObject({ code: 'TSLM_NO_MODEL' });
    using fill = pipeline('fill-mask', at('sentiment'));
    expect(await errorOf(() => fill('[MASK]'))).toMatchObject({ code: 'TSLM_TASK' });
    using features = pipeline('feature-extraction', at('vectors'));
    const unpooled = { dimensions: 8 } as never;
    expect(await errorOf(() => features(['a'], unpooled))).toMatchObject({ code: 'TSLM_CONTRADICTION' });
  });
});

itShared('fixtures/hf/qwen2/chat', 'chats as Transformers recorded', async recorded => {
  const { readFileSync } = await import('node:fs');
  const { text_generation: entries } = JSON.parse(readFileSync(join(recorded, 'golden.json'), 'utf8'));
  using chat = pipeline('chat', recorded);
  const entry = entries.find((e: { messages?: unknown }) => e.messages);
  const generation = { maxNewTokens: entry.output_ids.length - entry.prompt_ids.length, doSample: false };
  const [{ message }] = chat(entry.messages, { generation });
  expect(message.content).toBe(entry.new_text);
});
