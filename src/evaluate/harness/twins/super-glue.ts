/** Twins of CommitmentBank, ReCoRD and the Winograd schemas, of SuperGLUE (Wang et al. 2019). */
import { squadExactMatch, squadF1 } from '../../metrics/squad.ts';
import { strip, wordsOf } from '../../metrics/words.ts';
import type { Doc } from '../data-files.ts';
import { argmax, byCodePoint, integer, logProbs, mapDocs, type TwinFile, text, texts } from './twin.ts';

export const commitmentBank: TwinFile = {
  file: 'super_glue/cb/aggregate.py',
  sha256: '1a65ad044b6b663a7293c84a70a1d1deb1762897272b4de3328f4b9ad57d847a',
  functions: { cb_multi_fi: { aggregation: 'f1_of_three' } },
};

const filledIn = (doc: Doc, entity: string): string =>
  `  - ${text(doc, 'query')}`.replaceAll('@placeholder', () => entity);
const distinct = (all: readonly string[]): string[] => [...new Set(all)].sort(byCodePoint);

export const record: TwinFile = {
  file: 'super_glue/record/util.py',
  sha256: '274e6430411e2d0376ec516ac191a44b81ecacf89151ba4df5f4107e894e2dfc',
  functions: {
    process_docs: mapDocs(doc => ({
      passage: text(doc, 'passage'),
      query: text(doc, 'query'),
      entities: distinct(texts(doc, 'entities')),
      answers: distinct(texts(doc, 'answers')),
    })),
    doc_to_text: {
      field: doc => {
        const [first, ...highlights] = strip(text(doc, 'passage')).split('\n@highlight\n');
        return `${first}\n\n${highlights.map(highlight => `  - ${highlight}.\n`).join('')}`;
      },
    },
    doc_to_target: { field: doc => filledIn(doc, texts(doc, 'answers')[0]) },
    doc_to_choice: { field: doc => texts(doc, 'entities').map(entity => filledIn(doc, entity)) },
    process_results: {
      results: (doc, answers) => {
        const said = texts(doc, 'entities')[argmax(logProbs(answers))];
        const gold = texts(doc, 'answers');
        return { f1: squadF1(said, gold), em: Number(squadExactMatch(said, gold)) };
      },
    },
  },
};

/** Without the spaces that a tokenizer left. */
const detokenized = (raw: string): string =>
  raw
    .replaceAll(" n't", "n't")
    .replaceAll(' )', ')')
    .replaceAll('( ', '(')
    .replaceAll('" ', '"')
    .replaceAll(' "', '"')
    .replace(/ (['.,])/g, '$1');

export const winograd: TwinFile = {
  file: 'super_glue/wsc/preprocess_wsc.py',
  sha256: 'af369d50024ef69d607630f79c70669b15d0501f3800be9ee46c98bb605d43fa',
  functions: {
    default_doc_to_text: {
      field: doc => {
        const [raw, pronoun, noun] = ['text', 'span2_text', 'span1_text'].map(name => text(doc, name));
        // The place is counted in words.
        const before = wordsOf(raw).slice(0, integer(doc, 'span2_index')).join(' ');
        const after = Array.from(raw)
          .slice([...before].length + [...pronoun].length + 1)
          .join('');
        const passage = detokenized(`${before} *${pronoun}*${after}`);
        return `Passage: ${passage}\nQuestion: In the passage above, does the pronoun "*${pronoun}*" refer to "*${noun}*"?\nAnswer:`;
      },
    },
  },
};
