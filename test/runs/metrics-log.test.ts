import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMetricsLog, readMetrics } from '../../src/runs/metrics-log.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tslm-metrics-'));
  path = join(folder, 'run', 'metrics.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(steps: number[], options?: { resumeStep?: number }): void {
  const log = openMetricsLog(path, options);
  for (const step of steps) log.append({ step, loss: 1 / step });
  log.close();
}

const steps = (): number[] => readMetrics(path).map(row => row.step);

describe('metrics log', () => {
  it('writes one object a line and reads it back', () => {
    write([1, 2, 4]);
    expect(readFileSync(path, 'utf8')).toBe('{"step":1,"loss":1}\n{"step":2,"loss":0.5}\n{"step":4,"loss":0.25}\n');
    expect(readMetrics(path)).toEqual([
      { step: 1, loss: 1 },
      { step: 2, loss: 0.5 },
      { step: 4, loss: 0.25 },
    ]);
  });

  it('is on the disk after each row', () => {
    const log = openMetricsLog(path);
    log.append({ step: 1, loss: 3 });
    expect(steps()).toEqual([1]);
    log.append({ step: 2, loss: 3 });
    log.sync();
    expect(steps()).toEqual([1, 2]);
    log.close();
  });

  it('keeps NaN and infinities', () => {
    const log = openMetricsLog(path);
    const row = { step: 1, loss: Number.NaN, gradientNorm: Infinity, logProbability: -Infinity };
    log.append(row);
    log.close();
    expect(readMetrics(path)).toEqual([row]);
  });

  it('begins anew unless a run is resumed', () => {
    write([1, 2, 3]);
    write([1]);
    expect(steps()).toEqual([1]);
  });

  it('drops what came after the step from which a run is resumed', () => {
    write([1, 2, 2, 3, 4]);
    write([3, 5], { resumeStep: 2 });
    expect(steps()).toEqual([1, 2, 2, 3, 5]);
  });

  it('resumes before the first row, and after the last', () => {
    write([5, 6]);
    write([7], { resumeStep: 100 });
    expect(steps()).toEqual([5, 6, 7]);
    write([1], { resumeStep: 0 });
    expect(steps()).toEqual([1]);
  });

  it.each(['{"step":3,"lo', '{"step":3,"loss":1}', '{"st\n', 'å'])('a last line cut off as %j is dropped', end => {
    write([1, 2]);
    appendFileSync(path, end);
    expect(steps()).toEqual([1, 2]);
    write([3], { resumeStep: 2 });
    expect(steps()).toEqual([1, 2, 3]);
  });

  it('names the line that is damaged in the middle', () => {
    write([1, 2]);
    writeFileSync(path, readFileSync(path, 'utf8').replace('{"step":1', '{"step:1'));
    expect(() => readMetrics(path)).toThrow(`${path}:1: not a line of metrics`);
  });

  it('says which file is missing', () => {
    expect(() => readMetrics(path)).toThrow(`${path}: no such file or folder`);
    expect(() => openMetricsLog(folder)).toThrow(`${folder}: is a folder`);
  });
});
