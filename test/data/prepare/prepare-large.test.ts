import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { openCorpus } from '../../../src/data/corpus/corpus.ts';
import { createRandom } from '../../../src/support/random.ts';
import { workerFile } from '../../../src/support/workers.ts';
import { byteTokenizer, randomText, scratchFolder } from '../helpers.ts';

const MEGABYTE = 1e6;
/** In megabytes; `TSLM_LARGE=2000` for what takes a while. Memory is some 450 MB for any. */
const LARGE = Number(process.env.TSLM_LARGE ?? 200) * MEGABYTE;
const MOST_MEMORY = 600 * MEGABYTE;

/** Writes paragraphs of sentences drawn from many, until the file has this size. */
function writeText(path: string, bytes: number, { between = '\n\n', space = ' ' } = {}): void {
  const random = createRandom(1);
  const sentences = randomText(400_000, 1)
    .split(/\.\n ?/)
    .map(sentence => `${sentence.replaceAll(' ', space)}.${space}`);
  const fd = openSync(path, 'w');
  for (let written = 0; written < bytes; ) {
    let block = '';
    while (block.length < 4e6) {
      const sentence = () => sentences[random.below(sentences.length)];
      block += Array.from({ length: 5 + random.below(15) }, sentence).join('') + between;
    }
    written += writeSync(fd, block);
  }
  closeSync(fd);
}

/** Prepares in a process of its own; gives the most memory that it had, in bytes. */
function prepareAlone(input: string, out: string, options: object): number {
  const source = import.meta.url.replace('/test/', '/src/');
  const prepareFile = workerFile(source, './prepare');
  const residentFile = workerFile(source, '../../support/resident');
  const script = `${out}.mjs`;
  writeFileSync(
    script,
    `import { prepare } from ${JSON.stringify(pathToFileURL(prepareFile).href)};
     import { residentBytes } from ${JSON.stringify(pathToFileURL(residentFile).href)};
     await prepare([${JSON.stringify(input)}], ${JSON.stringify({ out, ...options })});
     console.log(residentBytes().peak);`,
  );
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

describe.skipIf(!process.env.TSLM_LONG)('large inputs', { timeout: 1_800_000 }, () => {
  const folder = scratchFolder();
  const input = join(folder, 'input.txt');
  const out = join(folder, 'corpus');
  const tokenizer = join(folder, 'tokenizer');
  byteTokenizer(tokenizer);
  afterAll(() => rmSync(input, { force: true }));

  test.each(['file', 'paragraph'])('documents by %s take less than 600 MB, however large the text', document => {
    writeText(input, LARGE);
    const peak = prepareAlone(input, out, { document, tokenizer, overwrite: true });
    console.info(`${LARGE / MEGABYTE} MB by ${document}: peak ${(peak / MEGABYTE).toFixed(0)} MB`);
    expect(peak).toBeLessThan(MOST_MEMORY);
    expect(openCorpus(out).split('train').bytes).toBeGreaterThan(LARGE / 2);
  });

  test.each([
    ['with spaces', { between: '' }],
    ['without any white space', { between: '', space: '' }],
  ])('a line of 100 MB, %s, is cut into documents', (_, joints) => {
    writeText(input, 100 * MEGABYTE, joints);
    const options = { tokenizer, overwrite: true, document: 'line', clean: false, dedup: false, eos: false };
    const peak = prepareAlone(input, out, options);
    console.info(`a line of 100 MB: peak ${(peak / MEGABYTE).toFixed(0)} MB`);
    expect(peak).toBeLessThan(MOST_MEMORY);
    const { splits } = openCorpus(out).index;
    expect(splits.train.documents + splits.validation.documents + splits.test.documents).toBeGreaterThan(90);
    expect(splits.train.tokens).toBe(splits.train.bytes);
  });
});
