/** `tslm prompt` as it is typed, against a server whose answers are known. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectRefusal, tslmHere } from '../../helpers/cli.ts';
import { openAiServer } from '../../prompt/completers/openai-server.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const rowsFile = join(folder, 'rows.jsonl');
const rows = Array.from({ length: 12 }, (_, i) => ({ question: `What is ${i} + 1?`, target: i + 1 }));
writeFileSync(rowsFile, rows.map(row => `${JSON.stringify(row)}\n`).join(''));

/** Steps help: direct answers are right of even numbers alone. */
const script = ({ prompt = '' }: { prompt?: string }): string => {
  const a = Number(/What is (\d+) \+ 1\?\nA:$/.exec(prompt)?.[1]);
  const thinks = prompt.includes('2 more arrive. 3 + 2 = 5.');
  return ` The answer is ${thinks || a % 2 === 0 ? a + 1 : 0}.`;
};

const run = async (args: readonly string[]) => {
  await using server = await openAiServer(script);
  return await tslmHere(['prompt', ...args, '--base-url', server.baseUrl]);
};

describe('tslm prompt', () => {
  it('shows what is asked, without a model', async () => {
    const args = ['prompt', 'run', 'prompts/direct.yaml', '--set', 'question=What is 2 + 3?', '--show'];
    const { stdout, code } = await tslmHere(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Q: If there are 3 cars[\s\S]*\n\nQ: What is 2 \+ 3\?\nA:\n$/);
  });

  it('asks one question', async () => {
    const args = [
      'run',
      'prompts/self-consistency.yaml',
      '--set',
      'question=What is 3 + 1?',
      '--option',
      'samples=4',
      '--json',
    ];
    const { stdout, code, stderr } = await run(args);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ answer: 4, votes: [{ answer: '4', count: 4 }], saved: 0 });
    expect((await run(args.slice(0, -1))).stdout).toMatch(/^answer {2}4$/m);
  });

  it('evaluates, with an interval and rows', async () => {
    const output = join(folder, 'cases.jsonl');
    const args = ['evaluate', 'prompts/direct.yaml', '--data', rowsFile, '--limit', '10', '--output', output];
    const { stdout, code, stderr } = await run([...args, '--json']);
    expect(code, stderr).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result).toMatchObject({ rows: 10, right: 5, accuracy: 0.5, interval: { method: 'Wilson' } });
    const lines = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines[1]).toMatchObject({ row: 2, target: '2', answer: '0', right: false });
    expect((await run(args)).stdout).toContain('5 of 10  ');
  });

  it('compares by a paired test', async () => {
    const args = ['compare', 'prompts/direct.yaml', 'prompts/chain-of-thought.yaml', '--data', rowsFile];
    const { stdout, code, stderr } = await run([...args, '--json']);
    expect(code, stderr).toBe(0);
    const [pair] = JSON.parse(stdout).pairs;
    expect(pair).toMatchObject({
      a: 0.5,
      b: 1,
      onlyA: 0,
      onlyB: 6,
      test: 'exact McNemar',
      p: expect.closeTo(2 / 2 ** 6, 10),
    });
    expect((await run(args)).stdout).toContain('prompts/chain-of-thought.yaml is better');
  });

  it('labels solutions for a verifier', async () => {
    const output = join(folder, 'labelled.jsonl');
    const args = ['label', 'prompts/direct.yaml', '--data', rowsFile, '--samples', '2', '--output', output];
    const { stdout, code, stderr } = await run(args);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('12: 6 right, 6 wrong');
    const [first] = readFileSync(output, 'utf8').split('\n');
    expect(JSON.parse(first)).toEqual({ text: 'Q: What is 0 + 1?\nA: The answer is 1.', label: 'right' });
  });

  it('optimises, and judges the result on other rows', async () => {
    const more = join(folder, 'more.jsonl');
    const all = Array.from({ length: 24 }, (_, i) => ({ question: `What is ${i} + 1?`, target: i + 1 }));
    writeFileSync(more, all.map(row => `${JSON.stringify(row)}\n`).join(''));
    const output = join(folder, 'best');
    const args = ['optimize', 'prompts/direct.yaml', '--data', more, '--output', output, '--optimizer', 'bootstrap'];
    const { stdout, stderr, code } = await run([...args, '--json']);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^projection: about \d+ tokens/);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ before: expect.any(Number), judgement: { comparison: { test: 'exact McNemar' } } });
    expect(readFileSync(result.path, 'utf8')).toContain('rows:');
    expectRefusal(await run([...args, '--propose']), 2, '--propose goes with');
  });

  it('optimises by reflection of another model', async () => {
    const more = join(folder, 'reflected.jsonl');
    const all = Array.from({ length: 24 }, (_, i) => ({ question: `What is ${i} + 1?`, target: i + 1 }));
    writeFileSync(more, all.map(row => `${JSON.stringify(row)}\n`).join(''));
    // Odd numbers are right once the instruction speaks of them.
    await using student = await openAiServer(({ prompt = '' }) => {
      const a = Number(/What is (\d+) \+ 1\?\nA:$/.exec(prompt)?.[1]);
      return ` The answer is ${a % 2 === 0 || prompt.includes('odd numbers, too') ? a + 1 : 0}.`;
    });
    await using teacher = await openAiServer(() => '```\nMind odd numbers, too.\n```');
    const args = ['prompt', 'optimize', 'prompts/direct.yaml', '--data', more, '--base-url', student.baseUrl];
    const gepa = [...args, '--output', join(folder, 'gepa'), '--optimizer', 'gepa', '--trials', '4'];
    const { stdout, stderr, code } = await tslmHere([...gepa, '--reflector-url', teacher.baseUrl, '--json']);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.best).toMatchObject({ accuracy: 1, instruction: expect.stringContaining('Mind odd numbers, too.') });
    expect(result.judgement.after.accuracy).toBe(1);
    expect(JSON.stringify(teacher.requests[0].messages)).toContain('Wrong: its answer is 0; the right one is');
    expectRefusal(await tslmHere(gepa), 2, 'gepa takes a capable model');
    expectRefusal(
      await tslmHere([...args, '--output', join(folder, 'gepa'), '--reflector', 'x']),
      2,
      '--reflector goes with --optimizer gepa',
    );
  });

  it('tells whether answers come of their chains', async () => {
    // Counts as far as it has come, and says the last number that stands there.
    await using server = await openAiServer(({ prompt = '' }) => {
      const written = prompt.slice(prompt.lastIndexOf('A:') + 2);
      const a = Number(/What is (\d+) \+ 1\?/.exec(prompt.split('Q:').at(-1)!)?.[1]);
      if (written.endsWith(' The answer is')) return ` ${/(\d+)\.[^\d]*$/.exec(written)?.[1] ?? 0}.`;
      return written.includes('One more') ? '' : ` Take ${a}. One more is ${a + 1}. The answer is ${a + 1}.`;
    });
    const output = join(folder, 'changes.jsonl');
    const args = ['prompt', 'faithfulness', 'prompts/chain-of-thought.yaml', '--data', rowsFile];
    const all = [...args, '--base-url', server.baseUrl, '--output', output];
    const { stdout, code, stderr } = await tslmHere([...all, '--json']);
    expect(code, stderr).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result).toMatchObject({ rows: 12, left: 0, right: 12 });
    const of = (name: string) => result.figures.find(({ change }: { change: string }) => change === name);
    expect(of('whole')).toMatchObject({ changed: 0, rows: 12 });
    expect(of('cut at 0/4')).toMatchObject({ changed: 12, share: 1 });
    expect(of('cut at 2/4')).toMatchObject({ changed: 12 });
    expect(readFileSync(output, 'utf8').trim().split('\n')).toHaveLength(12);
    expect((await tslmHere(all)).stdout).toMatch(/^cut at 0\/4 +12 of 12 +100\.0 % /m);
    expectRefusal(
      await tslmHere(['prompt', 'faithfulness', 'prompts/direct.yaml', '--data', rowsFile]),
      2,
      'does not say what stands between chain and answer',
    );
  });

  it('says what is wrong and what to do', async () => {
    const set = ['--set', 'question=a'];
    expectRefusal(await tslmHere(['prompt', 'run', 'prompts/direct.yaml', ...set]), 2, 'no model is given');
    expectRefusal(await run(['run', 'prompts/direct.yaml']), 2, 'question');
    expectRefusal(
      await run(['run', 'prompts/direct.yaml', ...set, '--strategy', 'self-consistancy']),
      2,
      /no strategy/,
    );
    expectRefusal(await run(['evaluate', 'prompts/direct.yaml']), 2, 'rows or tasks are needed');
    expectRefusal(await run(['run', 'prompts/none.yaml', ...set]), 1, 'prompts/none.yaml');
    expectRefusal(await run(['run', 'prompts/direct.yaml', '--set', 'question']), 2, 'is not NAME=VALUE');
  });
});
