/**
 * Verifies every folder below a path against what Transformers recorded there (`bench/peers/record_models` makes such
 * folders), and prints, family by family, how many folders and comparisons there were, how many failed, and the largest
 * share of the tolerance that a comparison that passed took; then the failing folders.
 *
 *     npm run bench && node build/bench/bench/verify-models.js FOLDER
 *
 * Exits with 1 when anything fails.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../src/evaluate/verify/compare.ts';
import { verify } from '../src/evaluate/verify/verify.ts';
import { readJson } from '../src/support/files.ts';

interface Family {
  folders: number;
  comparisons: number;
  failures: number;
  /** Of the tolerance, among the comparisons that passed. */
  largest: number;
}

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: node build/bench/bench/verify-models.js FOLDER');
  process.exit(2);
}

const families = new Map<string, Family>();
const failing: string[] = [];
for (const folder of modelFolders(path)) {
  const checks = checksOf(folder);
  const failures = checks.filter(check => !check.pass);
  const name = (readJson(join(folder, 'golden.json')) as { model_type?: string }).model_type ?? 'unknown';
  const family = families.get(name) ?? { folders: 0, comparisons: 0, failures: 0, largest: 0 };
  families.set(name, {
    folders: family.folders + 1,
    comparisons: family.comparisons + checks.length,
    failures: family.failures + failures.length,
    largest: Math.max(family.largest, ...checks.filter(({ pass }) => pass).map(({ ofTolerance = 0 }) => ofTolerance)),
  });
  if (failures.length) failing.push(`${folder}: ${failures.length} of ${checks.length}\n  ${describe(failures[0])}`);
}

const row = (name: string, { folders, comparisons, failures, largest }: Family) =>
  [name.padEnd(24), ...[folders, comparisons, failures, largest.toFixed(3)].map(cell => `${cell}`.padStart(12))].join(
    '',
  );
console.log(
  ['family'.padEnd(24), ...['folders', 'comparisons', 'failures', 'largest'].map(head => head.padStart(12))].join(''),
);
for (const [name, family] of [...families].sort(([a], [b]) => a.localeCompare(b))) console.log(row(name, family));
const all = [...families.values()];
const sum = (key: keyof Family) => all.reduce((total, family) => total + family[key], 0);
console.log(
  row('all', {
    folders: sum('folders'),
    comparisons: sum('comparisons'),
    failures: sum('failures'),
    largest: Math.max(0, ...all.map(({ largest }) => largest)),
  }),
);
for (const line of failing) console.log(line);
if (failing.length || all.length === 0) process.exitCode = 1;

function modelFolders(path: string): string[] {
  if (existsSync(join(path, 'golden.json'))) return existsSync(join(path, 'config.json')) ? [path] : [];
  return readdirSync(path, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(entry => modelFolders(join(path, entry.name)))
    .sort();
}

/** A folder that does not load is one failure. */
function checksOf(folder: string): Check[] {
  const checks: Check[] = [];
  try {
    for (const check of verify(folder)) checks.push(check);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    checks.push({ section: 'load', name: '', quantity: '', pass: false, note: error.message });
  }
  return checks;
}

function describe({ section, name, quantity, note, ofTolerance }: Check): string {
  const reason = note ?? `${ofTolerance?.toFixed(2)} of the tolerance`;
  return `${[section, name, quantity].filter(part => part !== '').join(' / ')}: ${reason}`;
}
