/** Two recorded runs compared document by document: the paired statistics of what their samples say. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mcnemar } from '../../statistics/mcnemar.ts';
import { differences, pairedDifference } from '../../statistics/paired.ts';
import { pairedBootstrap } from '../../statistics/paired-bootstrap.ts';
import type { Check } from '../compare.ts';
import { equal, near } from './checks.ts';

// biome-ignore lint/suspicious/noExplicitAny: a recording is read as it is
type Recorded = any;

const WITHIN = { atol: 1e-8, rtol: 1e-8 };

export const isComparison = (json: Recorded): boolean => json?.comparisons?.[0]?.se_paired !== undefined;

export function* verifyComparisons({ a, b, comparisons }: Recorded, path: string): Generator<Check> {
  const folderOf = (run: string): string => join(dirname(dirname(path)), run);
  for (const entry of comparisons) {
    const { task, metric, filter, doc_ids, bootstrap } = entry;
    const name = `${task} ${metric}`;
    const [one, other] = [a, b].map(run => samplesOf(folderOf(run), task, metric, filter));
    const section = 'runs';
    yield equal(section, name, 'documents', () => [...one.keys()].filter(id => other.has(id)), doc_ids);
    const [x, y] = [one, other].map(values => doc_ids.map((id: number) => values.get(id)));
    const own = pairedDifference(x, y);
    yield near(
      section,
      name,
      'difference',
      () => [own.meanA, own.meanB, own.difference, own.pairedError],
      [entry.mean_a, entry.mean_b, entry.mean_diff, entry.se_paired],
      WITHIN,
    );
    yield near(section, name, 't', () => [own.t.statistic, own.t.p], [entry.t ?? null, entry.t_p ?? null], WITHIN);
    if (entry.mcnemar) {
      const { onlyA, onlyB, exactP } = mcnemar(x, y);
      const { only_a_right, only_b_right, exact_p } = entry.mcnemar;
      yield near(section, name, 'mcnemar', () => [onlyA, onlyB, exactP], [only_a_right, only_b_right, exact_p], WITHIN);
    }
    const drawn = pairedBootstrap(differences(x, y), { seed: bootstrap.seed, replicates: bootstrap.replicates });
    yield near(
      section,
      name,
      'bootstrap',
      () => [drawn.error, ...drawn.interval],
      [bootstrap.se, ...bootstrap.ci95],
      WITHIN,
    );
  }
}

/** A metric's value by document. */
function samplesOf(folder: string, task: string, metric: string, filter: string): Map<number, number> {
  const file = readdirSync(folder).find(name => name.startsWith(`samples_${task}_2`))!;
  const lines = readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter(line => line !== '');
  const samples = lines.map(line => JSON.parse(line) as Recorded).filter(sample => sample.filter === filter);
  return new Map(samples.map(sample => [sample.doc_id, sample[metric]]));
}
