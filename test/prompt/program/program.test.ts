/** Prompts as data and as typed programs: what is rendered, byte for byte, what is parsed, what is refused. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { openPrompt } from '../../../src/prompt/open-prompt.ts';
import { createParser, numberIn, type ParserOptions, parserSchema } from '../../../src/prompt/program/parsers.ts';
import { createPromptFile, readPromptFile } from '../../../src/prompt/program/prompt-file.ts';
import { definePrompt } from '../../../src/prompt/program/signature.ts';
import { chooseStrategy, runStrategy } from '../../../src/prompt/strategies/run-strategy.ts';
import { itShared, sharedFiles } from '../../helpers/shared.ts';
import { mathFile } from '../problems.ts';

const parser = (options: z.input<typeof parserSchema>) =>
  createParser(parserSchema.parse(options) as ParserOptions, 'a.yaml');

describe('parsers', () => {
  it('numbers', () => {
    expect(numberIn('It costs $1,234.50.')?.value).toBe(1234.5);
    expect(numberIn('from 3 to −4')?.value).toBe(-4);
    expect(numberIn('3 or 4', 'first')?.value).toBe(3);
    expect(numberIn('none')).toBeNull();
    expect(parser({ kind: 'number' }).known('72')?.key).toBe(parser({ kind: 'number' }).parse('so 72.0.')?.key);
  });

  it('patterns', () => {
    const last = parser({ kind: 'pattern', pattern: 'answer is (\\w+)', as: 'lowercase' });
    expect(last.parse('The answer is Yes. No, the answer is NO.')?.key).toBe('no');
    expect(last.parse('maybe')).toBeNull();
    expect(() => parser({ kind: 'pattern', pattern: '(' })).toThrow(/a\.yaml: parser\.pattern/);
  });

  it('choices stand by themselves', () => {
    const letters = parser({ kind: 'choice', choices: ['A', 'B'], constrain: true });
    expect(letters.parse('Bananas, not A')?.key).toBe('A');
    expect(letters.parse('Bananas')).toBeNull();
    expect(letters.constraint).toEqual({ kind: 'choice', choices: ['A', 'B'] });
    expect(parser({ kind: 'choice', choices: ['是', '不是'] }).parse('答案不是')?.key).toBe('不是');
  });

  it('schemas: equal values are equal votes', () => {
    const json = parser({ kind: 'schema', schema: { type: 'object' } });
    expect(json.parse('{"a": 1, "b": 2}')?.key).toBe(json.parse('```json\n{"b":2,"a":1}\n```')?.key);
    expect(json.parse('{"a":')).toBeNull();
  });
});

describe('signatures', () => {
  const sentiment = definePrompt({
    input: z.object({ review: z.string() }),
    output: z.object({ label: z.enum(['good', 'bad']), stars: z.int() }),
    template: '{{ review }}\n',
  });

  it('are typed in and out, and constrain the answer', async () => {
    const completer = scriptedCompleter(() => '{"label": "good", "stars": 4}');
    const problem = sentiment.problem({ review: 'fine' });
    const result = await runStrategy(chooseStrategy({ name: 'direct' }, 'test'), problem, completer);
    expect(result.answer?.value).toEqual({ label: 'good', stars: 4 });
    expect(completer.requests[0].constraint).toMatchObject({
      kind: 'jsonSchema',
      schema: { required: ['label', 'stars'] },
    });
    const parsed = sentiment.parse('{"label": "good", "stars": 4}');
    expectTypeOf(parsed!.value).toEqualTypeOf<{ label: 'good' | 'bad'; stars: number }>();
    expect(sentiment.parse('{"label": "fine", "stars": 4}')).toBeNull();
  });

  it('refuse fields that are missing or of another type', () => {
    expect(() => sentiment.question({})).toThrow(/review/);
    expect(() => sentiment.question({ review: 3 })).toThrow(/review/);
  });
});

describe('prompt files', () => {
  it('render plainly and as a conversation', () => {
    const examples = [{ question: 'What is 1 + 1?', target: 2 }];
    const question = { question: 'What is 2 + 3?' };
    expect(mathFile({ instruction: 'Add.\n\n' }).prompt.render(question, examples)).toBe(
      'Add.\n\nQ: What is 1 + 1?\nA: The answer is 2.\n\nQ: What is 2 + 3?\nA:',
    );
    const chat = mathFile({ chat: true, instruction: 'Add.', template: '{{ question }}', answer: undefined });
    expect(chat.prompt.render(question, examples)).toEqual([
      { role: 'system', content: 'Add.' },
      { role: 'user', content: 'What is 1 + 1?' },
      { role: 'assistant', content: '2' },
      { role: 'user', content: 'What is 2 + 3?' },
    ]);
  });

  it('name what is wrong', () => {
    expect(() => mathFile({ tempalte: 'x' })).toThrow(/math\.yaml.*tempalte/);
    expect(() => mathFile({ parser: { kind: 'nmuber' } })).toThrow(/math\.yaml.*parser/);
    expect(() => mathFile({ template: '{{ qestion }}' }).prompt.question({ question: 'a' })).toThrow(
      /math: template.*qestion/,
    );
    expect(() => readPromptFile('no/such.yaml')).toThrow(/no\/such\.yaml/);
  });

  const files = globSync('prompts/*.yaml');
  it('are there', () => expect(files.length).toBeGreaterThan(5));

  it.each(files)('%s can be read and asked', async path => {
    const file = readPromptFile(path);
    await using open = await openPrompt(
      file,
      scriptedCompleter(() => '', { logProb: () => -1 }),
    );
    const fields = Object.fromEntries(Object.keys(file.options.fields).map(name => [name, 'something']));
    const { prompt } = await open.problem(fields);
    expect(JSON.stringify(prompt)).toContain('something');
    expect(file.options.examples?.rows?.map(row => file.prompt.target(row)).every(Boolean) ?? true).toBe(true);
  });
});

describe('published prompts', () => {
  for (const path of sharedFiles('data/bbh/cot-prompts/*.txt')) {
    it(`${path.split('/').at(-1)} is reproduced byte for byte`, async () => {
      const file = createPromptFile(
        {
          fields: { input: 'string' },
          template: 'Q: {{ input }}\nA:',
          examples: { file: resolve(path) },
          parser: { kind: 'pattern', pattern: 'the answer is (.*?)\\.?$' },
          strategy: { name: 'chain-of-thought', trigger: "Let's think step by step." },
        },
        'bbh.yaml',
      );
      const completer = scriptedCompleter(() => ' So the answer is True.');
      await using open = await openPrompt(file, completer);
      const result = await open.solve(await open.problem({ input: 'not True is' }));
      const [{ prompt, prefill }] = completer.requests;
      const published = readFileSync(path, 'utf8').replace(/^[\s\S]*?\n-+\n/, '');
      expect(`${prompt}${prefill}`).toBe(`${published}\n\nQ: not True is\nA: Let's think step by step.`);
      expect(result.answer?.key).toBe('True');
    });
  }

  itShared('data/gsm8k/cot-8-shot.jsonl', "GSM8K's eight examples are reproduced byte for byte", async path => {
    const file = createPromptFile(
      {
        fields: { question: 'string' },
        template: 'Q: {{ question }}\nA:',
        examples: { file: resolve(path) },
        parser: { kind: 'number' },
      },
      'gsm8k.yaml',
    );
    await using open = await openPrompt(
      file,
      scriptedCompleter(() => ''),
    );
    const { prompt } = await open.problem({ question: 'How many?' });
    const rows = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, string>);
    expect(rows).toHaveLength(8);
    const published = rows.map(({ question, target }) => `Q: ${question}\nA: ${target}\n\n`).join('');
    expect(prompt).toBe(`${published}Q: How many?\nA:`);
  });
});
