/** The documentation site: every link arrives, every export is explained, and both languages show the same commands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { program } from '../../src/cli/main.ts';
import { checkCommand, commandsIn } from '../helpers/command-lines.ts';
import { scratchFolder } from '../support/scratch.ts';

interface Site {
  pages: number;
  sources: number;
  missing: string[];
  undocumented: { subpath: string; name: string; file: string }[];
}

interface Scripts {
  build: { buildSite: (out: string) => Site };
  run: { stepsOf: (page: string) => { file?: string; command?: string; text?: string }[] };
}

const load = async <T>(path: string): Promise<T> => (await import(path)) as T;

describe('the site', async () => {
  const out = join(scratchFolder(), 'site');
  const { buildSite } = await load<Scripts['build']>('../../scripts/docs/build.mjs');
  const built = buildSite(out);
  const pages = new Map(
    readdirSync(out, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.html'))
      .map(name => [name.replaceAll('\\', '/'), readFileSync(join(out, name), 'utf8')]),
  );

  it('has pages in both languages, the reference and the files that they link to', () => {
    expect(built.missing).toEqual([]);
    expect(pages.size).toBe(built.pages + built.sources);
    expect(built.sources).toBeGreaterThan(300);
    for (const page of ['index', 'zh/index', 'tutorial', 'zh/tutorial', 'api/tslm', 'api/tslm-nn', 'papers']) {
      expect(pages.get(`${page}.html`)).toContain('<main');
    }
  });

  it('has no link that leads nowhere', () => {
    const ids = new Map([...pages].map(([page, html]) => [page, new Set(html.match(/(?<= id=")[^"]+/g))]));
    const dead: string[] = [];
    let links = 0;
    for (const [page, html] of pages) {
      for (const [, href] of html.matchAll(/ href="([^"]+)"/g)) {
        if (/^[a-z]+:/.test(href)) continue;
        const [path, anchor] = href.split('#');
        const target = path === '' ? page : posix.normalize(posix.join(dirname(page), decodeURI(path)));
        if (target.endsWith('.css')) continue;
        links++;
        const known = ids.get(target);
        if (!known || (anchor && !known.has(decodeURIComponent(anchor)))) dead.push(`${page}: ${href}`);
      }
    }
    expect(links).toBeGreaterThan(5000);
    expect(dead).toEqual([]);
  });

  it('explains every export', () => {
    expect(built.undocumented).toEqual([]);
    const open = pages.get('api/tslm.html')!;
    expect(open).toContain('Opens a model in a worker of its own.');
    expect(open).not.toMatch(/#private|private readonly/);
  });
});

describe('the tutorial', async () => {
  const { stepsOf } = await load<Scripts['run']>('../../scripts/run-page.mjs');
  const steps = stepsOf(readFileSync('docs/TUTORIAL.md', 'utf8'));

  it('shows commands that can be typed', () => {
    const commands = steps.flatMap(({ command }) => (command === undefined ? [] : [command]));
    const own = commands.flatMap(commandsIn);
    expect(own.length).toBeGreaterThan(12);
    for (const words of own) checkCommand(program(), words);
    expect(steps.filter(({ file }) => file !== undefined)).toHaveLength(5);
  });

  it('is the same in Chinese', () => {
    expect(stepsOf(readFileSync('docs/zh/TUTORIAL.md', 'utf8'))).toEqual(steps);
  });
});

it('README leads to the file for each question in two clicks', () => {
  const page = 'docs/READING-THE-CODE.md';
  expect(readFileSync('README.md', 'utf8')).toContain(`](${page})`);
  const text = readFileSync(page, 'utf8');
  for (const topic of ['attention', 'family of models', 'objective', 'scheduler', 'kernel', 'gate']) {
    expect(text).toMatch(new RegExp(topic));
  }
  const links = [...text.matchAll(/\]\(\.\.\/((?:src|native)\/[^)]+)\)/g)].map(([, path]) => path);
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter(path => !existsSync(path))).toEqual([]);
});
