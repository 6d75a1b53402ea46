/** Every section of a recorded result is compared with something: spoilt, each makes `verify` fail. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, it } from 'vitest';
import { isTuning } from '../../src/evaluate/verify/tuning/golden.ts';
import { verifyTuning } from '../../src/evaluate/verify/tuning/tuning.ts';
import { verify } from '../../src/evaluate/verify/verify.ts';
import { scratchFolder } from '../support/scratch.ts';

/** What says where results come from and how they were made. */
const ORIGIN = [
  ...['class', 'computed_in', 'family', 'format', 'kind', 'meaning', 'model_type', 'name', 'note', 'notes', 'offsets'],
  ...['tolerance', 'total_elements', 'trained_on', 'trained_with', 'variant', 'versions', 'vocab_size'],
];

/** What has no counterpart here, and says so where the others are compared. */
const LEFT_OUT: Record<string, readonly string[]> = { 'tuning/collators/golden.json': ['whole_word'] };
const sectionsOf = (json: Record<string, unknown>): string[] => Object.keys(json).filter(key => !ORIGIN.includes(key));

const goldens = [
  ...globSync(['hf/*/*/golden.json', 'tokenizers/*/golden.json', 'tuning/**/golden.json'], { cwd: 'test/fixtures' }),
  'vectors/golden.json',
  'train/schedules.json',
  'generate/logits_processors.json',
  'objectives/recorded.json',
]
  .sort()
  .map(path => join('test/fixtures', path))
  .filter(path => !path.includes('sentencepiece'));
const scratch = scratchFolder();
cpSync('test/fixtures/tuning', join(scratch, 'tuning'), { recursive: true });

/** Whether all comparisons pass; false where the file cannot be read at all. */
async function passes(path: string): Promise<boolean> {
  const folder = dirname(path);
  try {
    if (basename(path) !== 'golden.json') return [...verify(path)].every(({ pass }) => pass);
    if (!isTuning(folder)) return [...verify(folder)].every(({ pass }) => pass);
    let all = true;
    for await (const { pass } of verifyTuning(folder)) all &&= pass;
    return all;
  } catch {
    return false;
  }
}

it('there are recorded results', () => expect(goldens.length).toBeGreaterThan(45));

it.each(goldens)('%s', async path => {
  const place = path.replace('test/fixtures', scratch);
  if (!path.includes('/tuning/')) cpSync(dirname(path), dirname(place), { recursive: true });
  mkdirSync(dirname(place), { recursive: true });
  const text = readFileSync(path, 'utf8');
  const golden = JSON.parse(text);
  const parts = path.includes('/tuning/') ? [golden.result] : [golden];
  for (const part of parts) {
    const left = LEFT_OUT[path.replace('test/fixtures/', '')] ?? [];
    const sections = sectionsOf(part).filter(name => !left.includes(name));
    expect(sections.length).toBeGreaterThan(0);
    for (const section of sections) {
      const right = part[section];
      part[section] = 'spoilt';
      writeFileSync(place, JSON.stringify(golden));
      expect(await passes(place), `${path}: '${section}' is read by nothing`).toBe(false);
      part[section] = right;
    }
  }
  writeFileSync(place, text);
});
