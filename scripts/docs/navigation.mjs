/** The pages of the documentation site, in the order of its menu; titles come from the pages themselves. */

/** @typedef {{ title: string, pages: string[] }} Section `more`: pages of the other language in the menu */

/** @type {Record<'en' | 'zh', { home: string, sections: Section[], more?: Section[] }>} */
export const navigation = {
  en: {
    home: 'README.md',
    sections: [
      { title: 'Begin', pages: ['docs/TUTORIAL.md', 'docs/INSTALL.md', 'docs/COMPARISON.md', 'docs/TRANSCRIPT.md'] },
      {
        title: 'Text',
        pages: ['docs/DATA.md', 'docs/TOKENIZERS.md', 'docs/AUGMENTATION.md', 'docs/VECTORS.md'],
      },
      {
        title: 'Training',
        pages: [
          'docs/TRAINING.md',
          'docs/OBJECTIVES.md',
          'docs/FINETUNING.md',
          'docs/INSTRUCTION-TUNING.md',
          'docs/ADAPTERS.md',
          'docs/REASONING.md',
          'docs/SWEEPS.md',
        ],
      },
      { title: 'Evaluation', pages: ['docs/EVALUATION.md', 'docs/TASKS.md'] },
      {
        title: 'Use',
        pages: [
          'docs/SERVING.md',
          'docs/SERVING-PARAMETERS.md',
          'docs/STRUCTURED-OUTPUT.md',
          'docs/CHAT-TEMPLATES.md',
          'docs/PROMPTS.md',
          'docs/LEARNING.md',
          'docs/STUDIO.md',
          'docs/LIBRARY.md',
          'docs/CONFIGURATION.md',
        ],
      },
      {
        title: 'How it works',
        pages: [
          'docs/READING-THE-CODE.md',
          'docs/READING-A-MODEL.md',
          'ARCHITECTURE.md',
          'docs/papers.md',
          'docs/FAMILIES.md',
          'docs/ADDING-A-FAMILY.md',
          'docs/ADDING-AN-OBJECTIVE.md',
        ],
      },
      { title: 'Project', pages: ['CONTRIBUTING.md', 'CHANGELOG.md', 'docs/LOG.md'] },
    ],
  },
  zh: {
    home: 'README.zh-CN.md',
    sections: [
      { title: '入门', pages: ['docs/zh/TUTORIAL.md'] },
      { title: '指南', pages: ['docs/zh/FINETUNING.md', 'docs/zh/SERVING.md', 'docs/zh/LEARNING.md'] },
    ],
    more: [
      {
        title: '英文文档',
        pages: [
          'docs/INSTALL.md',
          'docs/DATA.md',
          'docs/TOKENIZERS.md',
          'docs/TRAINING.md',
          'docs/OBJECTIVES.md',
          'docs/INSTRUCTION-TUNING.md',
          'docs/ADAPTERS.md',
          'docs/EVALUATION.md',
          'docs/LIBRARY.md',
          'docs/CONFIGURATION.md',
          'docs/READING-THE-CODE.md',
          'docs/papers.md',
          'docs/COMPARISON.md',
          'ARCHITECTURE.md',
        ],
      },
    ],
  },
};

export const pagesOf = language => {
  const { home, sections } = navigation[language];
  return [home, ...sections.flatMap(({ pages }) => pages)];
};

/** Where a page is on the site. */
export function addressOf(path) {
  if (path === 'README.md') return 'index.html';
  if (path === 'README.zh-CN.md') return 'zh/index.html';
  const name = path.replace(/^docs\//, '').replace(/\.md$/, '');
  return `${name.toLowerCase()}.html`;
}

/** The same page in the other language, or that language's first page. */
export function translationOf(path) {
  const isChinese = path.startsWith('docs/zh/') || path === 'README.zh-CN.md';
  if (path === 'README.md') return 'README.zh-CN.md';
  if (path === 'README.zh-CN.md') return 'README.md';
  const other = isChinese ? path.replace('docs/zh/', 'docs/') : path.replace(/^docs\//, 'docs/zh/');
  const language = isChinese ? 'en' : 'zh';
  return pagesOf(language).includes(other) ? other : navigation[language].home;
}
