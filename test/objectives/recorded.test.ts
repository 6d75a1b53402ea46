/** Objectives against what Transformers computes, and `verify` against results that were tampered with. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verify } from '../../src/evaluate/verify/verify.ts';
import { itShared } from '../helpers/shared.ts';
import { scratchFolder } from '../support/scratch.ts';

const committed = 'test/fixtures/objectives';

const failures = (path: string): string[] =>
  [...verify(path)].filter(({ pass }) => !pass).map(({ section, quantity }) => `${section}: ${quantity}`);

describe('recorded objectives', () => {
  it('agree', () => {
    const checks = [...verify(`${committed}/recorded.json`)];
    expect(checks.filter(({ pass }) => !pass)).toEqual([]);
    expect(checks.length).toBeGreaterThan(140);
  });

  itShared('fixtures/eval/unit/objectives.json', 'agree with their models, too', path => {
    const checks = [...verify(path)];
    expect(checks.filter(({ pass }) => !pass)).toEqual([]);
    expect(checks.filter(({ section }) => section === 'loss').length).toBeGreaterThan(8);
  });

  const scratch = scratchFolder();

  // biome-ignore lint/suspicious/noExplicitAny: a recorded file of any shape
  const tampered = (change: (recorded: any) => void): string[] => {
    cpSync(committed, scratch, { recursive: true });
    const recorded = JSON.parse(readFileSync(`${committed}/recorded.json`, 'utf8'));
    change(recorded);
    const path = join(scratch, 'recorded.json');
    writeFileSync(path, JSON.stringify(recorded));
    return failures(path);
  };

  it('differ where they were tampered with, and nowhere else', () => {
    expect(tampered(({ bert_mlm }) => (bert_mlm.cases[0].expect.labels[2] = 66))).toEqual(['masked: labels']);
    expect(tampered(({ nsp }) => (nsp.share_of_random = 0.4))).toEqual(['next sentence: share of random']);
    expect(tampered(({ t5_spans }) => t5_spans.lengths[0].tokens_length++)).toEqual(['span lengths: lengths']);
    expect(tampered(({ electra }) => (electra.cases[0].losses.discriminator += 0.01))).toEqual([
      'replaced tokens: discriminator',
    ]);
  });
});
