/** Writes docs/papers.md: the papers that comments in src/ and native/ cite, each with the files that follow it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NAME = "\\p{Lu}['’]?\\p{L}*\\p{Ll}[\\p{L}’'-]*"; // not an abbreviation
/** `Su et al. 2021`, `Zhang & Sennrich (2019)`, and of one author what stands in parentheses: `(Shazeer 2020`. */
const CITATION = new RegExp(
  `(${NAME} et al\\.|${NAME}(?:, ${NAME})? & ${NAME}|(?<=[(;] ?)${NAME}),? \\(?((?:19|20)\\d\\d)\\b`,
  'gu',
);

/** @returns the files of each paper, `Su et al. 2021` */
export function papers() {
  const found = new Map();
  for (const folder of ['src', 'native']) {
    for (const name of readdirSync(join(root, folder), { recursive: true }).sort()) {
      if (!/\.(ts|cc|h)$/.test(name)) continue;
      const file = `${folder}/${name}`;
      for (const [, authors, year] of commentsOf(file).matchAll(CITATION)) {
        const paper = `${authors} ${year}`;
        found.set(paper, (found.get(paper) ?? new Set()).add(file));
      }
    }
  }
  return found;
}

/** Comments alone, each on one line. */
function commentsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const blocks = [...text.matchAll(/\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm)].map(([block]) => block);
  return blocks.map(block => block.replace(/\n[ \t]*(\*|\/\/)?[ \t]*/g, ' ')).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = [...papers()]
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([paper, files]) => `| ${paper} | ${[...files].map(file => `[${file}](../${file})`).join(', ')} |`);
  writeFileSync(
    join(root, 'docs', 'papers.md'),
    `# Papers, and the files that follow them\n\nWhat comments of the source cite; \`node scripts/generate-papers.mjs\` writes this page.\n\n| paper | files |\n|---|---|\n${rows.join('\n')}\n`,
  );
}
