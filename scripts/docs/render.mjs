/** Markdown to HTML: headings with addresses, links between pages and to pages of source code, code with its words marked. */
import { existsSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Marked, Renderer } from 'marked';
import { escapeHtml, highlight } from './highlight.mjs';

/** As GitHub makes it of a heading. */
export const slugOf = text =>
  text
    .toLowerCase()
    .replace(/<[^>]+>/g, '')
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');

const plain = html =>
  html
    .replace(/<[^>]+>/g, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]);

/**
 * @param {string} text Markdown
 * @param {object} page
 * @param {string} page.path of the file, from which its links count
 * @param {string} page.address of the page on the site
 * @param {(path: string) => string | undefined} page.addressOf the address of a file of the project, if it has a page
 * @param {string} page.root of the project
 * @param {boolean} [page.linkCode] whether `src/…` in code is a link to that file
 * @returns {{ html: string, title: string, headings: { id: string, text: string, depth: number }[], missing: string[] }}
 */
export function render(text, { path, address, addressOf, root, linkCode = true }) {
  const headings = [];
  const missing = [];
  const up = '../'.repeat(address.split('/').length - 1);
  const seen = new Map();

  function uniqueId(heading) {
    const slug = slugOf(heading);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  }

  function targetOf(href) {
    if (/^[a-z]+:/i.test(href) || href.startsWith('#')) return href;
    const [file, anchor] = href.split('#');
    const target = posix.normalize(posix.join(posix.dirname(path), file)).replace(/\/$/, '');
    const to = existsSync(join(root, target)) ? addressOf(target) : undefined;
    if (to === undefined) {
      missing.push(`${path}: ${href}`);
      return href;
    }
    return `${up}${to}${anchor ? `#${anchor}` : ''}`;
  }

  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const inner = this.parser.parseInline(tokens);
        const heading = plain(inner);
        const id = uniqueId(heading);
        headings.push({ id, text: heading, depth });
        if (depth === 1 || depth > 3) return `<h${depth} id="${id}">${inner}</h${depth}>\n`;
        const isLinked = inner.includes('<a ');
        const linked = isLinked ? inner : `<a class="anchor" href="#${id}">${inner}</a>`;
        return `<h${depth} id="${id}">${linked}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        return `<a href="${escapeHtml(targetOf(href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      codespan({ text: code }) {
        const shown = `<code>${escapeHtml(code)}</code>`;
        const file = code.replace(/\/$/, '');
        if (!linkCode || !/^(src|native|recipes|examples|scripts|docs|studio|tasks)\/[\w./-]+$/.test(file))
          return shown;
        if (!existsSync(join(root, file))) return shown;
        const to = addressOf(file);
        return to === undefined ? shown : `<a href="${up}${to}">${shown}</a>`;
      },
      code({ text: code, lang }) {
        const [language] = (lang ?? '').split(' ');
        return `<pre tabindex="0"><code>${highlight(code, language)}</code></pre>\n`;
      },
      table(token) {
        return `<div class="table" tabindex="0">${Renderer.prototype.table.call(this, token)}</div>\n`;
      },
    },
  });
  // A link around code is one link.
  const html = marked
    .parse(text)
    .replace(/(<a href="[^"]*">)<a href="[^"]*">(<code>[^<]*<\/code>)<\/a><\/a>/g, '$1$2</a>');
  const title = headings.find(({ depth }) => depth === 1)?.text ?? path;
  return { html, title, headings, missing };
}

/** A file of the project as a page with numbered lines. */
export function renderSource(code, path) {
  const language = path.split('.').at(-1);
  const kind =
    { ts: 'ts', mjs: 'ts', js: 'ts', cc: 'ts', h: 'ts', json: 'ts', yaml: 'yaml', sh: 'sh' }[language] ?? 'text';
  // A comment may go over several lines: marks are closed at the end of each and opened again.
  let open = '';
  const lines = highlight(code.replace(/\n$/, ''), kind)
    .split('\n')
    .map((line, i) => {
      const whole = open + line;
      const last = [...whole.matchAll(/<span class="\w">|<\/span>/g)].at(-1)?.[0];
      open = last?.startsWith('<span') ? last : '';
      return `<span class="line" id="L${i + 1}">${whole}${open ? '</span>' : ''}</span>`;
    });
  return `<h1><code>${escapeHtml(path)}</code></h1>\n<div class="source"><pre tabindex="0"><code>${lines.join('\n')}</code></pre></div>`;
}

export const isFolder = path => statSync(path).isDirectory();
