/** Strategies on a scripted model: what each makes of known answers, seeds, budgets, aborts, and a model that is no use. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { textOfPrompt } from '../../../src/prompt/completer.ts';
import { type Script, scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { codeIn } from '../../../src/prompt/strategies/program-of-thought.ts';
import { STRATEGIES } from '../../../src/prompt/strategies/strategies.ts';
import { calculator, tool } from '../../../src/prompt/strategies/tools.ts';
import { solve, sum } from '../problems.ts';

const says =
  (...texts: string[]): Script =>
  (_, index) =>
    texts[index % texts.length];
const answer = (n: number): string => ` The answer is ${n}.`;

describe('direct', () => {
  it('takes what is written', async () => {
    const result = await solve('direct', scriptedCompleter(says(answer(5))));
    expect(result.answer).toEqual({ key: '5', value: 5 });
    // Q: What is 2 + 3? A: / The answer is 5.
    expect(result.tokens).toEqual({ computed: 11, naive: 11, written: 4, requests: 1 });
  });

  it('takes the most probable of choices, calibrated by what the model prefers anyway', async () => {
    const problem = sum({ parser: { kind: 'choice', choices: ['yes', 'no'] }, answer: ' {{ target }}' });
    // Behind nothing yes has 0.9; behind the question only 0.8, which speaks for no.
    const logProb = (prompt: string, text: string): number =>
      Math.log(text === ' yes' ? (prompt.includes('2 + 3') ? 0.8 : 0.9) : prompt.includes('2 + 3') ? 0.2 : 0.1);
    const completer = scriptedCompleter(says(''), { logProb });
    const of = async (calibrate: boolean) =>
      (await solve('direct', completer, { problem, options: { by: 'probability', calibrate } })).answer?.key;
    expect(await of(false)).toBe('yes');
    expect(await of(true)).toBe('no');
  });
});

describe('chain of thought', () => {
  it('begins with a trigger and asks for the answer', async () => {
    const completer = scriptedCompleter(says(' 2 and 3 make five.', ' The answer is 5.'));
    const result = await solve('chain-of-thought', completer, { options: { mode: 'zero-shot' } });
    expect(result.answer?.value).toBe(5);
    expect(completer.requests[0].prefill).toBe(" Let's think step by step.");
    expect(completer.requests[1].prompt).toBe(
      "Q: What is 2 + 3?\nA: Let's think step by step. 2 and 3 make five.\nTherefore, the answer is",
    );
  });

  it('knows Chinese triggers, and conversations', async () => {
    const completer = scriptedCompleter(says('5', 'The answer is 5.'));
    const problem = sum({ chat: true });
    const options = { mode: 'zero-shot', language: 'zh' };
    expect((await solve('chain-of-thought', completer, { options, problem })).answer?.value).toBe(5);
    expect(completer.requests[0].prefill).toBe('让我们一步一步地思考。');
    expect(completer.requests[1].prompt).toMatchObject([{}, { role: 'assistant' }, { content: '因此，答案是' }]);
  });

  it('writes its own examples, one a cluster', async () => {
    const completer = scriptedCompleter(prompt => (prompt.includes('cats') ? answer(1) : ' I do not know.'));
    const questions = [
      { question: 'How many cats?' },
      { question: 'How many more cats?' },
      { question: 'What is dark?' },
    ];
    const problem = sum();
    const result = await solve('auto-chain-of-thought', completer, { problem, options: { questions, clusters: 2 } });
    const last = completer.requests.at(-1)!;
    // The question without an answer is no example; the one with is, once.
    expect(last.prompt).toMatch(
      /^Q: How many (more )?cats\?\nA: Let's think step by step\. The answer is 1\.\n\nQ: What is 2/,
    );
    expect(result.answer?.value).toBe(1);
  });
});

describe('self-consistency', () => {
  it('takes what most chains say', async () => {
    const result = await solve('self-consistency', scriptedCompleter(says(answer(4), answer(5), answer(5), '?')), {
      options: { samples: 4 },
    });
    expect(result.answer?.value).toBe(5);
    expect(result.votes).toEqual([
      { answer: '5', count: 2, weight: 2 },
      { answer: '4', count: 1, weight: 1 },
    ]);
    expect(result.chains).toHaveLength(4);
  });

  it('weighs chains by how probable they are', async () => {
    const texts = [answer(4), answer(4), answer(5)].map((text, i) => ({ text, logProb: i < 2 ? -20 : -0.1 }));
    const script: Script = (_, index) => texts[index];
    const result = await solve('self-consistency', scriptedCompleter(script), {
      options: { samples: 3, weight: 'probability' },
    });
    expect(result.answer?.value).toBe(5);
  });

  it('stops when the leader cannot be overtaken, and says what was saved', async () => {
    const completer = scriptedCompleter(says(answer(5)));
    const result = await solve('self-consistency', completer, { options: { samples: 16, batch: 3 } });
    // 9 of 16 are a majority.
    expect(result.chains).toHaveLength(9);
    expect(result.saved).toBe(7);
  });

  it('stops when it is as good as sure', async () => {
    const result = await solve('self-consistency', scriptedCompleter(says(answer(5))), {
      options: { samples: 16, batch: 1, certainty: 0.95 },
    });
    // Beta(5, 1): 1 - 2^-5 = 0.969, and with 3 votes 0.9375.
    expect(result.chains).toHaveLength(4);
  });
});

describe('in parts', () => {
  it('least-to-most answers simpler questions first', async () => {
    const completer = scriptedCompleter((prompt, index) =>
      index === 0
        ? '1. What is two?\n2. What is three?'
        : prompt.includes('Q: What is three?\nA: it\n\nQ: What is 2')
          ? answer(5)
          : ' it',
    );
    const result = await solve('least-to-most', completer);
    expect(result.answer?.value).toBe(5);
    expect(completer.requests).toHaveLength(4);
  });

  it('plan-and-solve, step-back', async () => {
    const planned = scriptedCompleter(says(' a plan', answer(5)));
    expect((await solve('plan-and-solve', planned)).answer?.value).toBe(5);
    expect(planned.requests[0].prefill).toContain('devise a plan');
    const back = scriptedCompleter(says('How does one add?', 'By counting on.', answer(5)));
    expect((await solve('step-back', back)).answer?.value).toBe(5);
    expect(back.requests[2].prompt).toBe('How does one add?\nBy counting on.\n\nQ: What is 2 + 3?\nA:');
  });

  it('self-refine goes on until nothing is wrong', async () => {
    const completer = scriptedCompleter(says(answer(4), 'INCORRECT: count again', answer(5), 'CORRECT'));
    const result = await solve('self-refine', completer);
    expect(result.answer?.value).toBe(5);
    expect(completer.requests).toHaveLength(4);
  });

  it('self-verification keeps what stands up', async () => {
    const completer = scriptedCompleter((prompt, index) =>
      index < 3 ? answer(index < 2 ? 4 : 5) : prompt.includes('answer is 5') ? 'Counting: yes' : 'That is not right',
    );
    const result = await solve('self-verification', completer, { options: { candidates: 3, checks: 2 } });
    expect(result.answer?.value).toBe(5);
  });
});

describe('with a verifier', () => {
  const verifier = {
    score: async (_: string, solutions: readonly string[]) => solutions.map(text => (text.includes('5') ? 0.9 : 0.2)),
  };

  it('best-of-n', async () => {
    const script = says(answer(4), answer(4), answer(5), answer(4));
    const options = { samples: 4 };
    expect((await solve('best-of-n', scriptedCompleter(script), { options, verifier })).answer?.value).toBe(5);
    const voted = await solve('best-of-n', scriptedCompleter(script), {
      options: { samples: 4, vote: true },
      verifier,
    });
    expect(voted.votes.map(({ weight }) => Math.round(10 * weight))).toEqual([9, 6]);
  });

  it('asks the model itself where there is none', async () => {
    const logProb = (prompt: string, text: string): number =>
      text === ' yes' ? (prompt.includes('is 5.') ? -0.1 : -3) : -1;
    const completer = scriptedCompleter(says(answer(4), answer(5)), { logProb });
    expect((await solve('best-of-n', completer, { options: { samples: 2 } })).answer?.value).toBe(5);
    await expect(solve('best-of-n', scriptedCompleter(says(answer(4))))).rejects.toThrow('does not tell probabilities');
  });

  it('step beam follows what the verifier likes', async () => {
    const script: Script = (prompt, index) =>
      prompt.endsWith('5 so\n') ? answer(5) : prompt.endsWith('so\n') ? answer(4) : index % 2 ? ' 4 so\n' : ' 5 so\n';
    const result = await solve('step-beam', scriptedCompleter(script), {
      options: { beams: 1, width: 2 },
      verifier,
    });
    expect(result.answer?.value).toBe(5);
    expect(result.chains[0].text).toBe(' 5 so\n The answer is 5.');
  });
});

describe('searches', () => {
  /** 2 + 3 by way of 5; the way of 4 is valued less. */
  const script: Script = (prompt, index) => {
    if (prompt.includes('sure, likely or impossible')) return prompt.includes('five') ? 'sure' : 'impossible';
    if (prompt.includes('best way')) return ` ${/(\d)\. five/.exec(prompt)?.[1]}`;
    if (prompt.includes('Possible next steps')) return '- four\n- five\n';
    if (prompt.endsWith('five\n')) return answer(5);
    if (prompt.endsWith('four\n')) return answer(4);
    return index % 2 ? 'five\n' : 'four\n';
  };

  it.each([
    { search: 'bfs', generate: 'sample', evaluate: 'value' },
    { search: 'bfs', generate: 'propose', evaluate: 'value' },
    { search: 'bfs', generate: 'propose', evaluate: 'vote' },
    { search: 'dfs', generate: 'sample', evaluate: 'value' },
    { search: 'beam', generate: 'sample', evaluate: 'value' },
  ])('tree of thoughts: $search, $generate, $evaluate', async options => {
    const result = await solve('tree-of-thoughts', scriptedCompleter(script), {
      options: { ...options, width: 2, select: 1, depth: 1 },
    });
    expect(result.answer?.value).toBe(5);
    expect(result.tree!.map(({ thought }) => thought.trim()).sort()).toEqual(['five', 'four']);
    expect(result.tree!.find(({ thought }) => thought.includes('five'))!.value).toBeGreaterThan(
      result.tree!.find(({ thought }) => thought.includes('four'))!.value,
    );
  });

  it('thoughts that the limit of tokens cuts off go on within their line', async () => {
    const completer = scriptedCompleter(prompt =>
      prompt.endsWith(' one two') ? ' three\n' : prompt.endsWith(' three\n') ? answer(5) : ' one two three\n',
    );
    const options = { evaluate: 'probability', width: 1, select: 1, depth: 2, thoughtTokens: 2 };
    const result = await solve('tree-of-thoughts', completer, { options });
    expect(completer.requests.map(({ prefill }) => prefill)).toEqual(['', ' one two', ' one two three\n']);
    expect(result.answer?.value).toBe(5);
  });

  it('Monte-Carlo tree search goes where it pays', async () => {
    const verifier = { score: async (_: string, [text]: readonly string[]) => [text.includes('5') ? 1 : 0] };
    const result = await solve('monte-carlo-tree-search', scriptedCompleter(script), {
      options: { iterations: 20, width: 2, depth: 1, reward: 'verifier' },
      verifier,
    });
    expect(result.answer?.value).toBe(5);
    const [five, four] = ['five', 'four'].map(word => result.tree!.find(({ thought }) => thought.includes(word))!);
    expect(five.visits! + four.visits!).toBe(20);
    expect(five.visits).toBeGreaterThan(four.visits!);
  });
});

describe('program of thought', () => {
  it('runs a program, and has it repaired', async () => {
    const completer = scriptedCompleter(says('const answer = 2 + three;\n```', 'const answer = 2 + 3;\n```'));
    const problem = sum({ parser: { kind: 'number' } });
    const result = await solve('program-of-thought', completer, { problem });
    expect(result.answer?.value).toBe(5);
    expect(textOfPrompt(completer.requests[1].prompt)).toContain('ReferenceError');
  });

  it('finds code with and without fences', () => {
    expect(codeIn('const answer = 1\n```\nmore')).toBe('const answer = 1\n');
    expect(codeIn('```js\nconst answer = 1\n```')).toBe('const answer = 1\n');
    expect(codeIn('Here it is:\n```javascript\nconst answer = 1\n```\nDone.')).toBe('const answer = 1\n');
    expect(codeIn('const answer = 1')).toBe('const answer = 1');
  });
});

describe('ReAct', () => {
  const problem = sum({ parser: { kind: 'number' } });
  const tools = [calculator];

  it('calls tools until it has the answer', async () => {
    const completer = scriptedCompleter(
      says(' I add.\nAction: calculate[2 + 3]\nObservation: 7', ' Five.\nAction: finish[5]'),
    );
    const result = await solve('react', completer, { problem, tools });
    expect(result.answer?.value).toBe(5);
    expect(completer.requests[1].prefill).toBe('Thought: I add.\nAction: calculate[2 + 3]\nObservation: 5\nThought:');
  });

  it('tells of a tool that throws, hangs, is not there, or is called wrongly', async () => {
    const bad = [
      tool({ name: 'throws', description: '', input: z.string(), run: () => Promise.reject(new Error('no luck')) }),
      tool({ name: 'hangs', description: '', input: z.string(), run: () => new Promise(() => {}), timeout: 20 }),
      tool({ name: 'typed', description: '', input: z.object({ n: z.number() }), run: async ({ n }) => n + 1 }),
    ];
    const calls = ['throws[x]', 'hangs[x]', 'nothing[x]', 'typed[x]', 'typed[{"n": 4}]', 'finish[5]'];
    const completer = scriptedCompleter((_, index) => ` hm\nAction: ${calls[index]}`);
    const result = await solve('react', completer, { problem, tools: bad });
    expect(result.answer?.value).toBe(5);
    const observed = [...result.chains[0].text.matchAll(/^Observation: (.*)$/gm)].map(([, text]) => text);
    expect(observed[0]).toBe('The tool failed: no luck');
    expect(observed[1]).toBe('The tool took more than 20 ms.');
    expect(observed[2]).toBe('There is no tool nothing. There are: throws, hangs, typed.');
    expect(observed[3]).toMatch(/^Wrong input: .*expected object/);
    expect(observed[4]).toBe('5');
  });
});

describe('budget forcing', () => {
  const options = { min: 6, max: 10, extensions: 2, answerTokens: 8 };

  it('goes on when thinking ends too soon, and ends it in time', async () => {
    const completer = scriptedCompleter(says(' one two</think>', ' three four five six</think>', 'The answer is 5.'));
    const result = await solve('budget-forcing', completer, { options });
    expect(result.answer?.value).toBe(5);
    expect(completer.requests.map(({ maxTokens }) => maxTokens)).toEqual([10, 8, 8]);
    expect(completer.requests[1].prefill).toBe('<think>\n one twoWait');
    const endless = scriptedCompleter((_, index) => (index === 0 ? ' la'.repeat(99) : 'The answer is 5.'));
    const cut = await solve('budget-forcing', endless, { options });
    expect(cut.answer?.value).toBe(5);
    expect(endless.requests[1].prefill).toBe(`<think>\n${' la'.repeat(10)}</think>\n`);
  });
});

const OPTIONS: Record<string, object> = {
  'auto-chain-of-thought': { questions: [{ question: 'How many cats?' }, { question: 'How many dogs?' }] },
  'budget-forcing': { min: 20, max: 40 },
};
const verifier = {
  score: async (_: string, solutions: readonly string[]) => solutions.map(text => text.length / 1000),
};

describe.each(Object.keys(STRATEGIES))('%s', name => {
  const settings = { options: OPTIONS[name], verifier, tools: [calculator] };

  it('is the same under one seed, and another under another', async () => {
    const script: Script = (_, index, { seed = 0 }) =>
      ` ${(seed + index) % 89} yes.\n The answer is ${(seed >> 3) % 7}.`;
    const run = async (seed: number) => {
      const completer = scriptedCompleter(script);
      const { answer, chains, votes, tokens } = await solve(name, completer, { ...settings, seed });
      return { result: { answer, chains, votes, tokens }, seeds: completer.requests.map(request => request.seed) };
    };
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(again).toEqual(first);
    expect(other.seeds).not.toEqual(first.seeds);
    expect(new Set(first.seeds).size).toBe(first.seeds.length);
  });

  it('survives a model that never answers', async () => {
    const result = await solve(name, scriptedCompleter(says('', ' \n', ' colourless green ideas\n[{"')), settings);
    expect(result.answer).toBeNull();
    expect(result.isCut).toBe(false);
  });

  it.each([1, 7, 23])('writes at most its budget of %i tokens', async budget => {
    const script = says(' one two three four\n five. Action: calculate[1]\n The answer is 5. and so on and on and on.');
    const result = await solve(name, scriptedCompleter(script), { ...settings, budget });
    expect(result.tokens.written).toBeLessThanOrEqual(budget);
    expect(result.tokens.requests).toBeGreaterThan(0);
  });

  it('spends no more than a cap on prompts and answers together', async () => {
    const cap = { limit: 150, spent: 0 };
    const script = says(' one two three four\n five. The answer is 5. and so on and on and on.');
    const result = await solve(name, scriptedCompleter(script), { ...settings, cap });
    expect(cap.spent).toBeLessThanOrEqual(cap.limit);
    expect(cap.spent).toBe(result.tokens.naive);
  });

  it('ends at once when it is cancelled', async () => {
    const controller = new AbortController();
    const completer = scriptedCompleter(says(' one\n two\n'), { delay: 60_000 });
    const running = solve(name, completer, { ...settings, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 5);
    await expect(running).rejects.toThrow();
    await expect(solve(name, completer, { ...settings, signal: controller.signal })).rejects.toThrow('enough');
  });
});

it('names the nearest strategy and option', async () => {
  const completer = scriptedCompleter(says(''));
  expect(() => solve('self-consistancy', completer)).toThrow(/no strategy 'self-consistancy'/);
  expect(() => solve('self-consistency', completer, { options: { sample: 3 } })).toThrow(/sample/);
});
