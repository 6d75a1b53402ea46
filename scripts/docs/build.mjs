/**
 * The documentation as a site of HTML files that need no server: the pages of docs/ in both languages, the reference of the library from its
 * declarations, and the files of source code that pages link to.
 *
 *   node scripts/docs/build.mjs [FOLDER]      default: site/; needs dist/ (npm run build)
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiPage, readApi, undocumented } from './api.mjs';
import { addressOf, navigation, pagesOf, translationOf } from './navigation.mjs';
import { isFolder, render, renderSource } from './render.mjs';
import { htmlPage } from './template.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const LANGUAGES = ['en', 'zh'];

/**
 * @param {string} out the folder, which is replaced
 * @returns {{ pages: number, sources: number, missing: string[], undocumented: { subpath: string, name: string }[] }}
 */
export function buildSite(out) {
  const api = readApi();
  const isPage = new Set(LANGUAGES.flatMap(pagesOf));
  /** Files that some page links to, and that have no page of their own. */
  const sources = new Set();
  const address = path => {
    if (isPage.has(path)) return addressOf(path);
    sources.add(path);
    return `source/${path}${isFolder(join(root, path)) ? '/index' : ''}.html`;
  };
  const own = LANGUAGES.flatMap(language =>
    pagesOf(language).map(path => {
      const at = addressOf(path);
      const text = readFileSync(join(root, path), 'utf8');
      const rendered = render(text, {
        path,
        address: at,
        addressOf: address,
        root,
        linkCode: !path.endsWith('LOG.md'),
      });
      return { path, address: at, language, other: addressOf(translationOf(path)), text, ...rendered };
    }),
  );
  const reference = api.map(part => {
    const path = `api/${part.subpath.replaceAll('/', '-')}`;
    const at = `${path}.html`;
    const rendered = render(apiPage(part), { path: 'README.md', address: at, addressOf: address, root });
    return { path, address: at, language: 'en', other: 'zh/index.html', part, ...rendered };
  });
  const menus = Object.fromEntries(LANGUAGES.map(language => [language, menuOf(language, own, reference)]));

  rmSync(out, { recursive: true, force: true });
  const write = (at, html) => {
    mkdirSync(dirname(join(out, at)), { recursive: true });
    writeFileSync(join(out, at), html);
  };
  for (const page of [...own, ...reference])
    write(page.address, htmlPage({ ...page, body: page.html, menu: menus[page.language] }));
  for (const path of sources) {
    const at = address(path);
    const body = isFolder(join(root, path))
      ? render(listing(path), {
          path: `${path}/x`,
          address: at,
          addressOf: target => (sources.has(target) ? address(target) : undefined),
          root,
        }).html
      : renderSource(readFileSync(join(root, path), 'utf8'), path);
    write(
      at,
      htmlPage({
        address: at,
        title: path,
        language: 'en',
        body,
        menu: menus.en,
        headings: [],
        other: 'zh/index.html',
        wide: true,
      }),
    );
  }
  for (const file of ['style.css', 'site.js']) copyFileSync(join(here, file), join(out, file));
  writeFileSync(join(out, 'search-index.js'), `window.searchIndex = ${JSON.stringify(searchIndex(own, reference))};\n`);
  return {
    pages: own.length + reference.length,
    sources: sources.size,
    missing: [...own, ...reference].flatMap(({ missing }) => missing),
    undocumented: undocumented(api),
  };
}

function menuOf(language, own, reference) {
  const titleOf = path => own.find(page => page.path === path).title;
  const { sections: ownSections, more = [] } = navigation[language];
  const sections = [...ownSections, ...more].map(({ title, pages }) => ({
    title,
    links: pages.map(path => ({ address: addressOf(path), title: shortTitle(titleOf(path)) })),
  }));
  const title = language === 'zh' ? 'API 参考（英文）' : 'Reference';
  const links = reference.map(({ address, part }) => ({ address, title: part.subpath }));
  return [...sections, { title, links }];
}

const shortTitle = title => title.split(/[:：]/)[0];

/** The files of a folder, as Markdown. */
function listing(folder) {
  const names = readdirSync(join(root, folder), { withFileTypes: true });
  return `# ${folder}/\n\n${names.map(entry => `- \`${entry.name}${entry.isDirectory() ? '/' : ''}\``).join('\n')}\n`;
}

/** Headings with what follows them; of the reference its names. */
function searchIndex(own, reference) {
  const pages = own.flatMap(({ address, language, title, headings, text }) =>
    headings.map(({ id, text: heading, depth }) => ({
      a: depth === 1 ? address : `${address}#${id}`,
      t: heading,
      p: depth === 1 ? '' : title,
      x: textAfter(text, heading),
      l: language,
    })),
  );
  const names = reference.flatMap(({ address, part }) =>
    part.entries.map(({ name, comment }) => ({
      a: `${address}#${name.toLowerCase()}`,
      t: name,
      p: part.subpath,
      x: comment.slice(0, 120),
      l: 'api',
    })),
  );
  return [...pages, ...names];
}

function textAfter(markdown, heading) {
  const from = markdown.indexOf(heading) + heading.length;
  return markdown
    .slice(from, from + 400)
    .replace(/[`*[\]()#|]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2] ?? join(root, 'site');
  const { pages, sources, missing, undocumented: bare } = buildSite(out);
  console.log(`${pages} pages and ${sources} files of source code in ${out}`);
  for (const link of missing) console.error(`no such file: ${link}`);
  for (const { subpath, name } of bare) console.error(`no comment: ${name} of ${subpath}`);
  process.exitCode = missing.length + bare.length > 0 ? 1 : 0;
}
