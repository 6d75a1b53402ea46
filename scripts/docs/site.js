// The menu is open where there is room for it; the search goes over headings and first sentences, without a server.
const menu = document.querySelector('.menu');
const isRoomy = matchMedia('(min-width: 60rem)');
const place = () => {
  menu.open = isRoomy.matches;
};
place();
isRoomy.addEventListener('change', place);
menu.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });

const input = document.querySelector('.search input');
const list = document.querySelector('.search ol');
const { root, language } = input.dataset;

function results(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return window.searchIndex
    .filter(entry => entry.l === language || entry.l === 'api')
    .map(entry => {
      const [title, text] = [entry.t.toLowerCase(), entry.x.toLowerCase()];
      const score = words.reduce(
        (sum, word) => sum + (title === word ? 9 : title.includes(word) ? 4 : text.includes(word) ? 1 : -99),
        0,
      );
      return { entry, score };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 12);
}

function show() {
  list.replaceChildren(
    ...results(input.value).map(({ entry }) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = root + entry.a;
      const title = document.createElement('b');
      title.textContent = entry.t;
      const page = document.createElement('span');
      page.textContent = entry.p;
      link.append(title, ' ', page);
      item.append(link);
      return item;
    }),
  );
  list.hidden = list.childElementCount === 0;
}

input.addEventListener('input', show);
input.addEventListener('keydown', event => {
  if (event.key === 'Enter') list.querySelector('a')?.click();
  if (event.key === 'Escape') {
    input.value = '';
    show();
  }
});
document.addEventListener('keydown', event => {
  if (event.key !== '/' || /^(input|textarea)$/i.test(document.activeElement?.tagName ?? '')) return;
  event.preventDefault();
  input.focus();
});
