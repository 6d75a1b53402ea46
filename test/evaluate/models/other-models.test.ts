/** What else can be evaluated: n-gram models, adapters over their model, and models of a server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openAnyModel } from '../../../src/evaluate/models/open-any.ts';
import { remembered } from '../../../src/evaluate/models/remembered.ts';
import { openServedModel } from '../../../src/evaluate/models/served-model.ts';
import { createAdapter } from '../../../src/models/adapters/create.ts';
import { saveAdapter } from '../../../src/models/adapters/save.ts';
import { loadModel } from '../../../src/models/auto.ts';
import { loadNgram, type NgramDataOptions, saveNgram, trainNgramOn } from '../../../src/ngram/index.ts';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { noGrad, randn } from '../../../src/torch/index.ts';
import { writeFiles } from '../../data/helpers.ts';
import { expectRefusal, tslmHere } from '../../helpers/cli.ts';
import { tinyModelFolder } from '../../helpers/server.ts';
import { tinyCorpus } from '../../helpers/tiny.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);

describe('an n-gram model', () => {
  it('of words scores and writes what it has read', async () => {
    writeFiles(folder, { 'words.txt': `${'the cat sat\n'.repeat(9)}a dog ran\nthe cat ran\n` });
    const options = { order: 3, units: 'words', discountFallback: [0.5, 1, 1.5] } satisfies NgramDataOptions;
    saveNgram(mkdir('words'), await trainNgramOn(place('words.txt'), options));
    const { model } = await openAnyModel(place('words'));
    const [sat, ran, odd] = await model.loglikelihood([
      { context: 'the cat', continuation: ' sat' },
      { context: 'the cat', continuation: ' ran' },
      { context: 'the cat', continuation: ' flew' },
    ]);
    expect(sat.logProb).toBeGreaterThan(ran.logProb);
    expect(ran.logProb).toBeGreaterThan(odd.logProb);
    expect([sat.isGreedy, ran.isGreedy]).toEqual([true, false]);
    const [{ logProb, tokens, bytes }] = await model.loglikelihoodRolling(['the cat sat']);
    expect([tokens, bytes]).toEqual([3, 11]);
    const [first] = await model.loglikelihood([{ context: '', continuation: 'the cat' }]);
    expect(logProb).toBeCloseTo(first.logProb + sat.logProb, 5);
    const greedy = { context: 'the', until: ['\n'], maxNewTokens: 4, options: {} };
    expect(await model.generateUntil([greedy, { ...greedy, until: ['sat'] }])).toEqual([' cat sat', ' cat ']);
  });

  it('of tokens is asked by its tokenizer, and its unigrams are its lowest order', async () => {
    const stored = await trainNgramOn(tinyCorpus(place('corpus')), { order: 3 });
    saveNgram(mkdir('bytes'), stored);
    const { model } = await openAnyModel(place('bytes'));
    const known = loadNgram(place('bytes'));
    const ids = [...Buffer.from('abc')];
    const [{ logProb, tokens }] = await model.loglikelihood([{ context: 'ab', continuation: 'c' }]);
    expect(tokens).toBe(1);
    expect(logProb).toBeCloseTo(known.model.logProb(ids.slice(0, 2), ids[2]), 10);
    await expect(openAnyModel(place('bytes'), { pll: 'original' })).rejects.toThrow(/--pll says nothing/);
  });
});

const mkdir = (name: string): string => {
  mkdirSync(place(name), { recursive: true });
  return place(name);
};

describe('an adapter', () => {
  it('is evaluated over the model that it is for, whose tokenizer it takes', async () => {
    const base = tinyModelFolder(place('base'));
    {
      const { model } = loadModel(base);
      const config = { peft_type: 'LORA', r: 2, target_modules: ['c_attn'], base_model_name_or_path: base };
      const adapter = createAdapter(model, config, { seed: 5 });
      for (const tensor of adapter.parameters()) noGrad(() => tensor.copy_(randn(tensor.shape)));
      saveAdapter(mkdir('adapter'), adapter);
      adapter.dispose();
      model.dispose();
    }
    const asked = [{ context: 'ab', continuation: 'cd' }];
    const plain = await openAnyModel(base);
    const adapted = await openAnyModel(place('adapter'));
    const [one, other] = [(await plain.model.loglikelihood(asked))[0], (await adapted.model.loglikelihood(asked))[0]];
    expect(other.tokens).toBe(2);
    expect(Math.abs(one.logProb - other.logProb)).toBeGreaterThan(1e-4);
    expect(await adapted.revision()).toContain(await plain.revision());
    plain.model[Symbol.dispose]();
    adapted.model[Symbol.dispose]();
  });
});

/** Tokens are bytes; each has the log-probability −1/2, and less where it is a vowel. */
interface Fake {
  url: string;
  requests: number;
  server: Server;
}
const servers: Server[] = [];
afterAll(() => servers.forEach(server => void server.close()));

async function fakeServer({ dieAfter = Infinity, models = ['only'], echo = true } = {}): Promise<Fake> {
  const fake: Fake = { url: '', requests: 0, server: createServer() };
  fake.server.on('request', async (request, response) => {
    if (request.url?.endsWith('/models')) return response.end(JSON.stringify({ data: models.map(id => ({ id })) }));
    if (++fake.requests > dieAfter) return request.socket.destroy();
    const body = JSON.parse(await textOf(request));
    const choices = body.prompt.map((prompt: string | number[], index: number) => {
      const bytes = typeof prompt === 'string' ? [...Buffer.from(prompt)] : prompt;
      if (!body.echo) return { index, text: `${bytes.length} letters.\nMore` };
      const logs = bytes.map((byte, i) => (i === 0 ? null : 'aeiou'.includes(String.fromCharCode(byte)) ? -2 : -0.5));
      const top = logs.map(log => (log === null ? null : { x: -0.5, y: log }));
      const offsets = bytes.map((_, i) => i);
      const logprobs = {
        token_logprobs: [...logs, -1],
        top_logprobs: [...top, { z: -1 }],
        text_offset: [...offsets, bytes.length],
      };
      return { index, text: '', logprobs: echo ? logprobs : null };
    });
    response.end(JSON.stringify({ choices: choices.reverse() }));
  });
  servers.push(fake.server);
  await new Promise<void>(resolve => fake.server.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(fake.server.address() as AddressInfo).port}/v1`;
  return fake;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

describe('the table of an evaluation', () => {
  it('has intervals, and floors beside the scores: chance, majority, unigrams, n-grams', async () => {
    const docs = [0, 0, 0, 1].map((y, i) => JSON.stringify({ passage: i < 2 ? 'p' : `p${i}`, a: [' cat', ' dog'], y }));
    const task =
      'task: floors\ndataset_path: floors\ntest_split: train\noutput_type: multiple_choice\ndoc_to_text: the\ndoc_to_choice: a\ndoc_to_target: y\n';
    writeFiles(folder, { 'floors.yaml': task, 'floors.jsonl': `${docs.join('\n')}\n` });
    const asked = ['--tasks', place('floors.yaml'), '--data-map', `floors=${place('floors.jsonl')}`];
    const { code, stdout, stderr } = await tslmHere(['evaluate', place('words'), ...asked, '--floor', place('words')]);
    expect(code, stderr).toBe(0);
    const [head, acc] = stdout.split('\n').map(line => line.split(/ {2,}/));
    expect(head).toEqual(['task', 'metric', 'value', '95 %', 'chance', 'majority', 'unigram', '3-gram', 'documents']);
    expect(acc[2]).toBe('0.7500');
    expect(acc.slice(-5)).toEqual(['0.5000', '0.7500', '0.7500', '0.7500', '4']);
    expect(stdout).toContain("floors: documents that share 'passage' count together, 3 of them");
    const { stdout: json } = await tslmHere([
      'evaluate',
      place('words'),
      ...asked,
      '--floor',
      place('words'),
      '--json',
    ]);
    const { floors, uncertainty } = JSON.parse(json);
    expect(floors.floors).toMatchObject({ chance: 0.5, majority: 0.75, '3-gram': { 'acc,none': 0.75 } });
    expect(uncertainty.floors['acc,none']).toMatchObject({ method: 'clustered', clusters: 3, clusterField: 'passage' });
    expectRefusal(await tslmHere(['evaluate', place('words'), ...asked, '--floor', folder]), 2, /no n-gram model here/);
    expectRefusal(await tslmHere(['evaluate', place('words'), ...asked, '--cluster', 'story']), 2, /--cluster story/);
  });
});

describe('a model of a server', () => {
  const requests = Array.from({ length: 40 }, (_, i) => ({ context: `q${i} `, continuation: ['tea', 'tt'][i % 2] }));

  it('scores what follows a context, by text or by tokens, and writes', async () => {
    const { url } = await fakeServer();
    const asText = await openServedModel({ baseUrl: url });
    const tokenizer = Tokenizer.fromFile(tinyModelFolder(place('tokenizer')));
    const asTokens = await openServedModel({ baseUrl: url, tokenizer, maxLength: 8 });
    expect(asText.name).toBe(`${url} (only)`);
    for (const model of [asText, asTokens]) {
      const [tea, tt] = await model.loglikelihood(requests);
      // The space before belongs to what follows.
      expect(tea).toEqual({ logProb: -0.5 - 0.5 - 2 - 2, isGreedy: false, tokens: 4 });
      expect(tt).toEqual({ logProb: -1.5, isGreedy: true, tokens: 3 });
    }
    expect((await asTokens.loglikelihoodRolling(['ttttttttt']))[0]).toEqual({ logProb: -4.5, tokens: 9, bytes: 9 });
    const asked = { context: 'abc', until: ['\n'], maxNewTokens: 4, options: {} };
    expect(await asText.generateUntil([asked, { ...asked, context: 'four' }])).toEqual(['3 letters.', '4 letters.']);
    await expect(asText.loglikelihood([{ context: '', continuation: 'a' }])).rejects.toThrow(/start token/);
    await expect(asText.loglikelihoodRolling(['a'])).rejects.toThrow(/start token/);
  });

  it('that dies half-way is one line, and what it has answered is not asked again', async () => {
    const cache = place('served.jsonl');
    const dying = await fakeServer({ dieAfter: 2 });
    const how = { batchSize: 8, model: 'only', tries: 1 };
    const first = remembered(await openServedModel({ baseUrl: dying.url, ...how }), cache, 'r', { chunk: 8 });
    await expect(first.loglikelihood(requests)).rejects.toThrow(/the server does not answer/);
    const again = await fakeServer();
    const second = remembered(await openServedModel({ baseUrl: again.url, ...how }), cache, 'r', { chunk: 8 });
    expect((await second.loglikelihood(requests)).length).toBe(40);
    expect(again.requests).toBe(3);
  });

  it('is refused where it cannot do what is asked', async () => {
    const several = await fakeServer({ models: ['a', 'b'] });
    await expect(openServedModel({ baseUrl: several.url })).rejects.toThrow(/has 2 models/);
    const silent = await fakeServer({ echo: false });
    await expect((await openServedModel({ baseUrl: silent.url })).loglikelihood(requests)).rejects.toThrow(
      /does not tell/,
    );
    writeFileSync(place('t.yaml'), 'task: t\ndataset_path: t\ntest_split: train\ndoc_to_text: q\ndoc_to_target: a\n');
    writeFileSync(place('t.jsonl'), '{"q": "a", "a": "b"}\n');
    const asked = ['evaluate', several.url, '--tasks', place('t.yaml'), '--data-map', `t=${place('t.jsonl')}`];
    expectRefusal(await tslmHere(asked), 2, /has 2 models/);
    expectRefusal(await tslmHere([...asked, '--pll', 'original']), 2, /--pll says nothing of this model/);
    const local = ['evaluate', place('base'), '--tasks', place('t.yaml'), '--tokenizer', place('base')];
    expectRefusal(await tslmHere(local), 2, /--tokenizer says nothing of this model/);
  });
});
