import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, sparkline } from '../../src/support/format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1234, '1.2 kB'],
    [99_940, '99.9 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_501, '1.0 MB'],
    [34e6, '34.0 MB'],
    [2.5e9, '2.5 GB'],
    [7e15, '7000 TB'],
  ])('%d: %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatCount', () => {
  it.each([
    [0, '0'],
    [950, '950'],
    [9.87, '9.9'],
    [12_345, '12.3k'],
    [999_600, '1.0M'],
    [4.5e6, '4.5M'],
    [123e9, '123G'],
  ])('%d: %s', (n, text) => {
    expect(formatCount(n)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0.0s'],
    [4.21, '4.2s'],
    [9.96, '10s'],
    [59.4, '59s'],
    [59.6, '1m00s'],
    [185, '3m05s'],
    [3599.6, '1h00m'],
    [7620, '2h07m'],
    [Number.POSITIVE_INFINITY, '–'],
    [Number.NaN, '–'],
  ])('%d: %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('sparkline', () => {
  it('goes from the lowest bar to the highest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([3, 3, 3])).toBe('▁▁▁');
  });

  it('resamples, and leaves out what is no number', () => {
    expect(
      sparkline(
        Array.from({ length: 1000 }, (_, i) => i),
        8,
      ),
    ).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([Number.NaN, 0, Number.POSITIVE_INFINITY, 1])).toBe('▁█');
    expect(sparkline([])).toBe('');
  });
});
