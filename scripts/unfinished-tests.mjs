/**
 * Test files of a JSON report of Vitest whose process ended before all of their tests had a result, a line each. Exits with 1
 * where a test has failed, or where there is no such file.
 *
 *   node scripts/unfinished-tests.mjs REPORT
 */
import { existsSync, readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
if (path === undefined || !existsSync(path)) process.exit(1);
const { numFailedTests, numFailedTestSuites, testResults } = JSON.parse(readFileSync(path, 'utf8'));
const unfinished = testResults.filter(
  ({ assertionResults }) =>
    assertionResults.length === 0 || assertionResults.some(({ status }) => status === 'pending'),
);
if (numFailedTests > 0 || numFailedTestSuites > 0 || unfinished.length === 0) process.exit(1);
process.stdout.write(unfinished.map(({ name }) => `${name}\n`).join(''));
