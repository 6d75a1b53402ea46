/** What the page reckons, without a browser. */
import { describe, expect, it } from 'vitest';
import { headOf, isUpright, parseColor, pixelsOf, rowOf } from '../../studio/src/inside/maps.ts';
import { blocksOf } from '../../studio/src/models/markdown.ts';
import { curlSample, typescriptSample } from '../../studio/src/playground/code-samples.ts';
import {
  type Answer,
  type Exchange,
  historyOf,
  lengthOfTurn,
  noAnswer,
} from '../../studio/src/playground/conversation.ts';
import { exportTokens } from '../../studio/src/playground/export-tokens.ts';
import { defaultSettings, requestBody, typedJson, watched } from '../../studio/src/playground/settings.ts';
import { eventsOf } from '../../studio/src/server/sse.ts';
import { type Piece, pieceAligner, pieceMaker, reportedTokens, surprise } from '../../studio/src/server/tokens.ts';
import { curvesOf, otherKeys, type RunRows } from '../../studio/src/training/curves.ts';

const piece = (text: string, probability = 0.5): Piece => ({ text, probability, alternatives: [] });
const texts = (pieces: readonly Piece[]): string[] => pieces.map(({ text }) => text);

describe('pieces of an answer', () => {
  it('show a character with the last of its tokens', () => {
    const toPiece = pieceMaker();
    const bytes = [...new TextEncoder().encode('猫')];
    const parts = [bytes.slice(0, 1), bytes.slice(1)].map(part => toPiece({ token: '�', logprob: 0, bytes: part }));
    expect(texts(parts)).toEqual(['', '猫']);
  });

  it('spell the text whatever the tokens say beyond it', () => {
    const align = (text: string, ...tokens: string[]) =>
      texts(
        pieceAligner()(
          text,
          tokens.map(token => piece(token)),
        ),
      );
    expect(align('a cat', 'a', ' cat')).toEqual(['a', ' cat']);
    expect(align('Hello there', ' Hello', ' there')).toEqual(['Hello', ' there']);
    expect(align('one', 'one', '\n\nUser')).toEqual(['one']);
    expect(align('one tw', 'one', ' two')).toEqual(['one', ' tw']);
    expect(align('no tokens')).toEqual(['no tokens']);
    expect(align('a 猫 b', 'a', ' �', '�', ' b')).toEqual(['a', ' 猫', ' b']);
    expect(align('entirely other', 'x', 'y').join('')).toBe('entirely other');
  });

  it('wait for text that is held back', () => {
    const align = pieceAligner();
    expect(texts(align('one', [piece('one'), piece(' two')]))).toEqual(['one']);
    expect(texts(align(' t', [piece(' three')]))).toEqual([' t']);
    expect(align('wo', [])).toEqual([piece('wo')]);
    expect(texts(align(' three', []))).toEqual([' three']);
  });

  it('read completions as they read chats', () => {
    const tokens = reportedTokens({
      tokens: ['a'],
      token_logprobs: [Math.log(0.25)],
      top_logprobs: [{ b: Math.log(0.5) }],
    });
    const made = pieceMaker()(tokens[0]);
    expect(made.probability).toBeCloseTo(0.25);
    expect(made.alternatives[0]).toMatchObject({ text: 'b' });
  });

  it('are marked by their surprise', () => {
    expect(surprise(1)).toBeCloseTo(0);
    expect(surprise(0.5)).toBeLessThan(surprise(0.1));
    expect(surprise(0)).toBe(1);
    expect(surprise(undefined)).toBe(0);
  });
});

describe('server-sent events', () => {
  it('are read however they are cut', async () => {
    const bytes = new TextEncoder().encode(': ping\n\ndata: {"a":"猫"}\r\n\r\ndata: 1\ndata: 2\n\ndata: [DONE]\n\n');
    for (const size of [1, 2, 7, 1000]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
          controller.close();
        },
      });
      const events: string[] = [];
      for await (const event of eventsOf(body)) events.push(event);
      expect(events).toEqual(['{"a":"猫"}', '1\n2', '[DONE]']);
    }
  });
});

describe('requests', () => {
  const messages = [{ role: 'user' as const, content: 'It\'s "me"\n' }];

  it('have what differs from the defaults, and no more', () => {
    const plain = requestBody({ mode: 'chat', model: 'm', messages }, defaultSettings);
    expect(plain).toEqual({ model: 'm', messages, max_tokens: 256, stream: true });
    const settings = { ...defaultSettings, system: 'Be kind.', temperature: 0.5, topK: 40, seed: '7', stop: 'a\n\nb' };
    expect(requestBody({ mode: 'chat', model: 'm', messages }, settings)).toMatchObject({
      messages: [{ role: 'system', content: 'Be kind.' }, ...messages],
      temperature: 0.5,
      top_k: 40,
      seed: 7,
      stop: ['a', 'b'],
    });
    expect(watched('completion', requestBody({ mode: 'completion', model: 'm', messages }, settings))).toMatchObject({
      prompt: messages[0].content,
      logprobs: 5,
    });
  });

  it('ask for the length that is shown: a server takes what there is room for', () => {
    const question = { mode: 'completion', model: 'm', messages } as const;
    expect(requestBody(question, defaultSettings).max_tokens).toBe(256);
    expect(requestBody(question, { ...defaultSettings, maxTokens: 100 }).max_tokens).toBe(100);
  });

  it('have a schema and functions where they are typed, each in the words of its endpoint', () => {
    const schema = { type: 'object' };
    const wrapped = { type: 'function', function: { name: 'f' } };
    const settings = { ...defaultSettings, schema: JSON.stringify(schema), tools: '[{"name": "f"}]' };
    const chat = requestBody({ mode: 'chat', model: 'm', messages }, settings);
    expect(chat.response_format).toEqual({ type: 'json_schema', json_schema: { name: 'answer', schema } });
    expect(chat.tools).toEqual([wrapped]);
    expect(
      requestBody({ mode: 'chat', model: 'm', messages }, { ...settings, tools: JSON.stringify(wrapped) }),
    ).toEqual(chat);
    const completion = requestBody({ mode: 'completion', model: 'm', messages }, settings);
    expect(completion.structured_outputs).toEqual({ json: schema });
    expect(completion).not.toHaveProperty('tools');
    expect(typedJson('{').problem).toBeDefined();
    expect(typedJson(' ')).toEqual({});
  });

  it('are written as a shell and a compiler read them', () => {
    const body = requestBody({ mode: 'chat', model: 'm', messages }, { ...defaultSettings, topK: 40 });
    const options = { origin: 'http://127.0.0.1:8080', mode: 'chat' as const, body, hasKey: true };
    const quoted = curlSample(options)
      .match(/-d '([\s\S]*)'$/)![1]
      .replaceAll("'\\''", "'");
    expect(JSON.parse(quoted)).toEqual(body);
    const code = typescriptSample(options);
    const literal = code.match(/create\(([\s\S]*?) as OpenAI/)![1];
    expect(new Function(`return ${literal}`)()).toEqual(body);
    expect(code).toContain('process.env.TSLM_API_KEY');
  });
});

describe('conversations', () => {
  const answered = (text: string, calls: Answer['calls'] = []): Answer => ({
    ...noAnswer(),
    text,
    calls,
    state: 'done',
  });
  const call = { id: 'c1', name: 'f', arguments: '{}' };
  const exchanges: Exchange[] = [
    { mode: 'chat', prompt: 'much too long', answer: { ...noAnswer(), state: 'failed' } },
    { mode: 'chat', prompt: 'Hi', answer: answered('Hello.') },
    { mode: 'completion', prompt: 'Once', answer: answered(' upon') },
    { mode: 'chat', prompt: 'And?', answer: answered('', [call]) },
    { mode: 'chat', prompt: '', results: [{ id: 'c1', content: 'rain' }], answer: answered('It rains.') },
  ];

  it('leave out what got no answer, and are told with calls and what they gave', () => {
    expect(historyOf(exchanges)).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'And?' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'rain' },
      { role: 'assistant', content: 'It rains.' },
    ]);
  });

  it('lose what functions gave with the question that led to it', () => {
    expect(exchanges.map((_, i) => lengthOfTurn(exchanges, i))).toEqual([1, 1, 1, 2, 1]);
  });

  it('are saved with the logarithms of probabilities', () => {
    const text = exportTokens('m', 'Hi', {
      ...answered('a b'),
      pieces: [piece('a', 0.25), { text: ' b', alternatives: [] }],
    });
    const { tokens, ...rest } = JSON.parse(text);
    expect(rest).toEqual({ model: 'm', prompt: 'Hi', text: 'a b' });
    expect(tokens).toEqual([
      { token: 'a', logprob: Math.log(0.25), top_logprobs: [] },
      { token: ' b', logprob: null, top_logprobs: [] },
    ]);
  });
});

describe('curves', () => {
  const run = (id: string, rows: Record<string, number>[]): RunRows => ({ id, name: id, color: 0, rows });
  const a = run('a', [
    { step: 10, loss: 3 },
    { step: 20, loss: Number.NaN },
    { step: 30, loss: 1, evalLoss: 2 },
  ]);
  const b = run('b', [{ step: 20, loss: -1, extra: 4 }]);

  it('share their steps, and leave out what is no number', () => {
    const { x, columns, series } = curvesOf([a, b], 'loss', { smoothing: 0, isLog: false });
    expect(x).toEqual([10, 20, 30]);
    expect(series.map(({ run: id, kind }) => `${id} ${kind}`)).toEqual(['a line', 'a points', 'b line']);
    expect(columns).toEqual([
      [3, null, 1],
      [null, null, 2],
      [null, -1, null],
    ]);
  });

  it('have no place for negative numbers on a logarithmic scale', () => {
    expect(curvesOf([b], 'loss', { smoothing: 0, isLog: true }).x).toEqual([]);
  });

  it('keep what was measured behind what is smoothed', () => {
    const { series, columns } = curvesOf(
      [
        run(
          'c',
          [1, 5, 3].map((loss, i) => ({ step: i, loss })),
        ),
      ],
      'loss',
      { smoothing: 1, isLog: false },
    );
    expect(series.map(({ kind }) => kind)).toEqual(['faint', 'line']);
    expect(columns).toEqual([
      [1, 5, 3],
      [1, 3, 3],
    ]);
  });

  it('name metrics that are not the usual ones', () => {
    expect(otherKeys([a, b])).toEqual(['extra']);
  });
});

describe('attention', () => {
  const map = {
    kind: 'self' as const,
    queries: ['a', 'b'],
    keys: ['a', 'b', 'c'],
    layers: 2,
    heads: 2,
    weights: Float32Array.from({ length: 24 }, (_, i) => i),
  };

  it('finds a head and a row of it', () => {
    expect([...headOf(map, 1, 0)]).toEqual([12, 13, 14, 15, 16, 17]);
    expect([...rowOf(headOf(map, 1, 1), 3, 1)]).toEqual([21, 22, 23]);
  });

  it('draws weights as opacity', () => {
    expect([...pixelsOf(Float32Array.of(0, 0.25, 1), [1, 2, 3])]).toEqual([1, 2, 3, 0, 1, 2, 3, 128, 1, 2, 3, 255]);
    expect(parseColor('rgb(11, 98, 168)')).toEqual([11, 98, 168]);
    expect(parseColor('color(srgb 1 0.5 0)')).toEqual([255, 127.5, 0]);
  });
});

describe('cards', () => {
  it('are shown as what they are made of', () => {
    const source =
      '---\nlicense: mit\n---\n# Title\n\nSome **bold** text\nwith a [link](https://x.y).\n\n- one\n- two\n  more\n\n| a | b |\n|---|--:|\n| 1 | `2` |\n\n```sh\n# no heading\n```\n<script>alert(1)</script>\n##\n';
    expect(blocksOf(source)).toEqual([
      { type: 'heading', level: 1, text: 'Title' },
      { type: 'paragraph', text: 'Some bold text with a link (https://x.y).' },
      { type: 'list', items: ['one', 'two more'] },
      { type: 'table', head: ['a', 'b'], rows: [['1', '2']] },
      { type: 'code', text: '# no heading' },
      { type: 'paragraph', text: '<script>alert(1)</script> ##' },
    ]);
  });
});

it('labels that stand on end are upright in scripts that are written so', () => {
  expect(['它¹', '猫', 'ねこ', '고양이', '。'].map(isUpright)).toEqual([true, true, true, true, false]);
  expect(['cat', 'the猫', '·', '12'].map(isUpright)).toEqual([false, false, false, false]);
});
