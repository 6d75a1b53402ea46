/** The HTML around a page: menu, search, other language, what is on the page. */
import { escapeHtml } from './highlight.mjs';

const TEXTS = {
  en: {
    other: '中文',
    search: 'Search',
    menu: 'Menu',
    onPage: 'On this page',
    reference: 'Reference',
    skip: 'Skip to the text',
  },
  zh: { other: 'English', search: '搜索', menu: '目录', onPage: '本页内容', reference: '参考', skip: '跳到正文' },
};

/**
 * @param {object} page
 * @param {string} page.address `nn/x.html`
 * @param {{ title: string, links: { address: string, title: string }[] }[]} page.menu
 * @param {{ id: string, text: string, depth: number }[]} page.headings
 */
export function htmlPage({ address, title, language, body, menu, headings, other, wide = false }) {
  const up = '../'.repeat(address.split('/').length - 1);
  const texts = TEXTS[language];
  const link = to => `${up}${to}`;
  const isHome = address === 'index.html' || address === 'zh/index.html';
  const sections = menu
    .map(
      section =>
        `<h2>${escapeHtml(section.title)}</h2><ul>${section.links
          .map(
            one =>
              `<li><a href="${link(one.address)}"${one.address === address ? ' aria-current="page"' : ''}>${escapeHtml(one.title)}</a></li>`,
          )
          .join('')}</ul>`,
    )
    .join('');
  const contents = headings.filter(({ depth }) => depth === 2);
  const onPage =
    contents.length < 2
      ? ''
      : `<nav class="contents" aria-label="${texts.onPage}"><h2>${texts.onPage}</h2><ul>${contents
          .map(({ id, text }) => `<li><a href="#${id}">${escapeHtml(text)}</a></li>`)
          .join('')}</ul></nav>`;
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(isHome ? 'tslm' : `${title} · tslm`)}</title>
<link rel="stylesheet" href="${link('style.css')}">
</head>
<body>
<a class="skip" href="#text">${texts.skip}</a>
<header>
<a class="name" href="${link(language === 'zh' ? 'zh/index.html' : 'index.html')}">tslm</a>
<div class="search"><input type="search" aria-label="${texts.search}" placeholder="${texts.search}" data-root="${up}" data-language="${language}"><ol hidden></ol></div>
<a href="${link(other)}" lang="${language === 'zh' ? 'en' : 'zh-CN'}">${texts.other}</a>
</header>
<div class="columns">
<details class="menu"${''}><summary>${texts.menu}</summary><nav aria-label="${texts.menu}">${sections}</nav></details>
<main id="text"${wide ? ' class="wide"' : ''}>
${body}
</main>
${onPage}
</div>
<script src="${link('search-index.js')}" defer></script>
<script src="${link('site.js')}" defer></script>
</body>
</html>
`;
}
