/** `tslm bench`: what it promises to say, and how the figures hang together. How fast anything is, is no test. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTorchPython } from '../../../src/bench/python-peer.ts';
import { expectRefusal, tslm, tslmHere, tslmJson } from '../../helpers/cli.ts';
import { isLong, itLong } from '../../helpers/long.ts';
import { scratchFolder } from '../../support/scratch.ts';

const size = ['--layers', '1', '--hidden', '32', '--heads', '2', '--vocab', '64'];
const hasTorch = isLong && findTorchPython() !== undefined;
type Figures = Record<string, number> & { peer?: Record<string, number> };

const modelFields = [
  'parameters',
  'threads',
  'tokensPerSecond',
  'peakMemoryBytes',
  'peakTensorBytes',
  'ceilingTokensPerSecond',
  'ceilingRatio',
];

function expectFigures(result: Record<string, unknown>, fields: string[]): Figures {
  for (const key of [...modelFields, ...fields]) expect(result[key], key).toBeGreaterThan(0);
  const figures = result as Figures;
  expect(figures.tokensPerSecond / figures.ceilingTokensPerSecond).toBeCloseTo(figures.ceilingRatio, 6);
  return figures;
}

function expectPeer({ tokensPerSecond, peer }: Figures): void {
  expect(peer).toMatchObject({ torch: expect.any(String), threads: 1 });
  for (const key of ['seconds', 'tokensPerSecond', 'peakMemoryBytes', 'ratio']) {
    expect(peer![key], key).toBeGreaterThan(0);
  }
  expect(tokensPerSecond / peer!.tokensPerSecond).toBeCloseTo(peer!.ratio, 6);
}

describe('bench train', () => {
  const args = ['bench', 'train', ...size, '--batch', '2', '--seq', '16', '--steps', '3', '--dtype', 'float32'];

  it('--json says speed, memory and the ceiling', async () => {
    const result = await tslmJson(args);
    expect(result).toMatchObject({ layers: 1, hidden: 32, batch: 2, seq: 16, dtype: 'float32', steps: 3 });
    expect(result).not.toHaveProperty('peer');
    const { tokensPerSecond, stepSeconds } = expectFigures(result, ['stepSeconds', 'gflopsPerSecond']);
    expect(tokensPerSecond * stepSeconds).toBeCloseTo(32, 6);
  });

  itLong('--sweep runs a row for each size, and says why one fails', async () => {
    const sweep = ['bench', 'train', ...size, '--batch', '1', '--seq', '256', '--steps', '1', '--sweep', 'context'];
    const { rows } = (await tslmJson(sweep)) as { rows: Record<string, unknown>[] };
    expect(rows).toMatchObject([
      { name: '128', seq: 128, batch: 2 },
      { name: '256', seq: 256, batch: 1 },
    ]);
    for (const row of rows) expectFigures(row, ['stepSeconds']);
    const { code, stdout } = await tslm([...sweep, '--hidden', '31']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^context +tokens\/s +of ceiling +tensors\n128 +model: hidden \(31\) must be a multiple/);
  });

  it.runIf(hasTorch)('--peer runs PyTorch beside it', async () => {
    expectPeer((await tslmJson([...args, '--peer'])) as Figures);
    const { stdout } = await tslm([...args, '--dtype', 'bf16', '--peer']);
    expect(stdout).toMatch(/peer +PyTorch \d.*, 1 threads: .* tokens\/s\nratio +[\d.]+ × the peer\n/);
  });
});

describe('bench prefill', () => {
  const args = ['bench', 'prefill', ...size, '--seq', '16', '--steps', '2'];

  it.each(['float32', 'bf16'])('--json says speed and the ceiling with %s', async dtype => {
    const result = await tslmJson([...args, '--dtype', dtype]);
    expect(result).toMatchObject({ batch: 1, seq: 16, dtype });
    const { tokensPerSecond, seconds } = expectFigures(result, ['seconds', 'ceilingGflopsPerSecond']);
    expect(tokensPerSecond * seconds).toBeCloseTo(16, 6);
  });

  it.runIf(hasTorch)('--peer runs PyTorch beside it', async () => {
    expectPeer((await tslmJson([...args, '--peer'])) as Figures);
  });
});

describe('bench generate', () => {
  const args = ['bench', 'generate', ...size, '--batch', '2', '--prompt', '4', '--tokens', '6', '--steps', '2'];

  it('--json says speed, what a token reads and how fast memory is', async () => {
    const result = await tslmJson([...args, '--dtype', 'float32']);
    const figures = expectFigures(result, ['memoryRate']);
    expect(figures.tokensPerSecond * figures.millisecondsPerToken).toBeCloseTo(2000, 6);
    // 12 · 32² weights, 13 · 32 biases and norms, the last norm, the table as the output layer
    expect(figures.weightBytes).toBe(4 * (12 * 32 ** 2 + 13 * 32 + 2 * 32 + 64 * 32));
    expect(figures.cacheBytes).toBe(4 * 2 * (4 + 3) * 2 * 32); // bytes, sequences, mean length, keys and values, width
    const bytes = figures.weightBytes + figures.cacheBytes;
    expect(figures.ceilingTokensPerSecond).toBeCloseTo((2 * figures.memoryRate) / bytes, 3);
  });

  it.runIf(hasTorch)('--peer runs PyTorch beside it', async () => {
    expectPeer((await tslmJson([...args, '--peer'])) as Figures);
  });
});

describe('bench tokenize', () => {
  const folder = scratchFolder();
  const file = join(folder, 'text.txt');
  writeFileSync(file, 'It was the best of times.\nIt was the worst of times.\n'.repeat(50));
  const rates = ['linesPerThread', 'wholePerThread', 'batchPerThread', 'ceiling'];

  itLong('--json says rates and the ceiling, for a file and for the text of the project', async () => {
    const result = await tslmJson(['bench', 'tokenize', file, '--vocab-size', '270', '--rounds', '1', '--peer']);
    expect(result).toMatchObject({ files: [file], vocabSize: 270, bytes: 2650, lines: 100 });
    for (const key of rates) expect(result[key], key).toBeGreaterThan(0);
    const { linesPerThread, ceiling, ceilingRatio, peer } = result as Figures;
    expect(linesPerThread / ceiling).toBeCloseTo(ceilingRatio, 6);
    expect(linesPerThread / peer!.rate).toBeCloseTo(peer!.ratio, 6);
    expect((await tslmJson(['bench', 'tokenize', '--rounds', '1'])).bytes).toBeGreaterThan(100_000);
  });

  it('reads a tokenizer', async () => {
    const path = join(folder, 'tokenizer');
    await tslmHere(['tokenizer', 'train', file, '--vocab-size', '265', '--out', path]);
    const { stdout } = await tslmHere(['bench', 'tokenize', file, '--tokenizer', path, '--rounds', '1', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ tokenizer: path, vocabSize: 265 });
  });

  it('refuses what has no text or is no tokenizer', async () => {
    const empty = join(folder, 'empty.txt');
    writeFileSync(empty, '');
    expectRefusal(await tslmHere(['bench', 'tokenize', empty]), 2, /empty\.txt: no text/);
    expectRefusal(await tslmHere(['bench', 'tokenize', file, '--tokenizer', join(folder, 'none')]), 1, /none/);
  });
});

describe('bench ops', () => {
  itLong('--json says what calls cost, and operators beside memory and products', async () => {
    const sizes = ['--tokens', '8', '--width', '64', '--vocab', '16', '--seconds', '0.001'];
    const result = await tslmJson(['bench', 'ops', ...sizes]);
    expect(result.calls).toContainEqual({ name: 'add', seconds: expect.any(Number) });
    const operators = result.operators as Record<string, number | string>[];
    expect(operators.map(({ name }) => name)).toEqual(expect.arrayContaining(['gelu', 'AdamW', 'product 8 × 64 × 16']));
    for (const { seconds, ceilingSeconds, ceilingRatio } of operators as Record<string, number>[]) {
      expect(ceilingSeconds / seconds).toBeCloseTo(ceilingRatio, 6);
    }
  });
});

describe('what it refuses', () => {
  it.each([
    [['train', '--device', 'gpu'], /no device 'gpu'/],
    [['train', '--sweep', 'depth'], /'depth' is invalid/],
    [['train', '--family', 'llama', '--peer'], /the peer is a GPT-2/],
    [['prefill', '--device', 'gpu'], /no device 'gpu'/],
    [['prefill', '--dtype', 'int4'], /'int4' is invalid/],
    [['generate', '--device', 'gpu'], /no device 'gpu'/],
    [['generate', '--tokens', '1'], /the first token is not timed/],
    [['tokenize', '--split', 'words'], /'words' is invalid/],
    [['ops', '--width', '65'], /65 is not made of heads of 64/],
    [['ops', '--peer'], /unknown option '--peer'/],
  ])('bench %j', async (args, message) => {
    const { code, stderr, stdout } = await tslmHere(['bench', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('a peer without torch', async () => {
    const outcome = await tslm(['bench', 'train', '--peer'], { env: { TSLM_PYTHON: '/bin/false' } });
    expectRefusal(outcome, 1, /apt-get install python3-torch/);
  });
});
