/**
 * Random templates beside Jinja's own renderings: prints those that differ, and how many there were.
 *
 *     python3 bench/peers/jinja_fuzz.py 5000 1 > cases.json
 *     npm run bench && node build/bench/bench/jinja.js cases.json
 */
import { readFileSync } from 'node:fs';
import { renderJinja } from '../src/tokenizers/chat/jinja.ts';

const [path = 'cases.json'] = process.argv.slice(2);
const cases: { variables: Record<string, unknown>; templates: string[]; rendered: (string | null)[] } = JSON.parse(
  readFileSync(path, 'utf8'),
);

function outcome(template: string): string | null {
  try {
    return renderJinja(template, cases.variables);
  } catch (error) {
    if (error instanceof Error && error.name === 'UserError') return null;
    throw error;
  }
}

let different = 0;
for (const [i, template] of cases.templates.entries()) {
  const text = outcome(template);
  if (text === cases.rendered[i]) continue;
  different++;
  console.log(JSON.stringify({ template, text, jinja: cases.rendered[i] }));
}
const refused = cases.rendered.filter(text => text === null).length;
console.log(`${different} of ${cases.templates.length} differ; Jinja refuses ${refused}`);
