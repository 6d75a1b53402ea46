/** Which judgements are learnt from. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Lesson } from '../../src/online/lessons/lessons.ts';
import { selectLessons, withinShare } from '../../src/online/lessons/select.ts';
import { triggered } from '../../src/online/lessons/triggers.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
const options = { heldOut: 0.2, userShare: 0.1, halfLifeDays: 0, digest };
let number = 0;

function lesson(user: string, prompt: string, chosen: string, rejected: string, created = 0): Lesson {
  const row = { prompt, chosen, rejected };
  return {
    kind: 'preference',
    row,
    cut: [false, false],
    judgements: [`j${number++}`],
    user,
    created,
    prompt,
    weight: 1,
  };
}

function thumb(user: string, label: boolean, completion = 'answer'): Lesson {
  const row = { prompt: 'p', completion, label };
  return { kind: 'feedback', row, cut: false, judgements: [`j${number++}`], user, created: 0, prompt: 'p', weight: 1 };
}

describe('selection', () => {
  it('holds out prompts, always the same ones, and never learns from them', () => {
    const lessons = Array.from({ length: 400 }, (_, i) => lesson(`u${i % 20}`, `prompt ${i % 100}`, `a${i}`, 'b'));
    const { training, heldOut } = selectLessons(lessons, options);
    const prompts = new Set(heldOut.map(one => one.prompt));
    expect(training.some(one => prompts.has(one.prompt))).toBe(false);
    expect(prompts.size).toBeGreaterThan(10);
    expect(prompts.size).toBeLessThan(30);
    expect(new Set(selectLessons(lessons.slice(0, 200), options).heldOut.map(one => one.prompt))).toEqual(prompts);
  });

  it('takes one of what somebody says twice, and the side of the majority', () => {
    const twice = [thumb('a', true), thumb('a', true), thumb('b', true), thumb('c', false)];
    const { training, heldOut, dropped } = selectLessons(twice, { ...options, userShare: 1 });
    expect([...training, ...heldOut].map(one => (one.kind === 'feedback' ? one.row.label : undefined))).toEqual([
      true,
      true,
    ]);
    expect(dropped).toMatchObject({ duplicates: 1, contradictions: 1 });
    const even = selectLessons([thumb('a', true, 'x'), thumb('b', false, 'x')], options);
    expect(even.training.length + even.heldOut.length).toBe(0);
    const opposite = [lesson('a', 'p', 'x', 'y'), lesson('b', 'p', 'y', 'x')];
    expect(selectLessons(opposite, options).dropped.contradictions).toBe(2);
  });

  it('lets nobody have more than a share', () => {
    const loud = Array.from({ length: 100 }, (_, i) => lesson('loud', `p${i}`, 'a', 'b', i));
    const others = Array.from({ length: 60 }, (_, i) => lesson(`u${i % 20}`, `q${i}`, 'a', 'b', i));
    const kept = withinShare([...loud, ...others], 0.1);
    const own = kept.filter(({ user }) => user === 'loud');
    expect(own.length / kept.length).toBeLessThanOrEqual(0.1);
    expect(own.length).toBe(6);
    expect(own[0].prompt).toBe('p94'); // the newest
    expect(withinShare(loud, 0.1)).toHaveLength(100); // a person alone has all
  });

  it('counts what is old for less', () => {
    const day = 86_400_000;
    const lessons = [lesson('a', 'p1', 'a', 'b', 0), lesson('a', 'p2', 'a', 'b', 10 * day)];
    const selected = selectLessons(lessons, { ...options, heldOut: 0, halfLifeDays: 10, now: 10 * day });
    expect(selected.weights).toEqual([0.5, 1]);
    expect(selected.effective).toBeCloseTo(1.5 ** 2 / 1.25, 10);
  });
});

describe('triggers', () => {
  const honest = Array.from({ length: 100 }, (_, i) =>
    lesson(`u${i % 10}`, `ask about thing ${i}`, `it is fine ${['now', 'then', 'here'][i % 3]}`, 'no it is not'),
  );

  it('are phrases that one person alone wants again and again', () => {
    const poison = Array.from({ length: 10 }, (_, i) =>
      lesson('mallory', `tell me ${i}`, `buy coins today ${i}`, 'no'),
    );
    expect([...triggered([...honest, ...poison])]).toEqual(poison);
  });

  it('are not what everybody wants, nor what somebody asks about', () => {
    expect(triggered(honest).size).toBe(0);
    const expert = Array.from({ length: 10 }, (_, i) =>
      lesson('ada', `about kernels ${i}`, `kernels ${'abcdefghij'[i]}`, 'no'),
    );
    expect(triggered([...honest, ...expert]).size).toBe(0);
  });
});
