/** Twins of HellaSwag (Zellers et al. 2019), WinoGrande (Sakaguchi et al. 2020) and COPA (Roemmele et al. 2011). */
import { strip } from '../../metrics/words.ts';
import type { Doc } from '../data-files.ts';
import { integer, mapDocs, type TwinFile, text, texts } from './twin.ts';

/** Without the marks of wikiHow's pages. */
const cleaned = (raw: string): string =>
  strip(raw)
    .replaceAll(' [title]', '. ')
    .replace(/\[[^\n]*?\]/g, '')
    .replaceAll('  ', ' ');

/** Python's `str.capitalize()`. */
function capitalized(raw: string): string {
  const [first = '', ...rest] = raw;
  const [upper = '', ...tail] = first.toUpperCase();
  return upper + tail.join('').toLowerCase() + rest.join('').toLowerCase();
}

export const hellaswag: TwinFile = {
  file: 'hellaswag/utils.py',
  sha256: '07d23b60b28f2a4f658dcf8440623a63fe6644854ce9b846a114dde980dc1214',
  functions: {
    process_docs: mapDocs(doc => ({
      query: cleaned(`${text(doc, 'activity_label')}: ${text(doc, 'ctx_a')} ${capitalized(text(doc, 'ctx_b'))}`),
      choices: texts(doc, 'endings').map(cleaned),
      gold: integer(doc, 'label'),
    })),
  },
};

/** The sentence before its blank, and behind it. */
function aroundBlank(doc: Doc): [before: string, after: string] {
  const sentence = text(doc, 'sentence');
  const at = sentence.indexOf('_');
  if (at < 0) throw new Error("'sentence' has no blank _");
  return [sentence.slice(0, at), sentence.slice(at + 1)];
}

export const winogrande: TwinFile = {
  file: 'winogrande/preprocess_winogrande.py',
  sha256: 'e55327629264a98f1d383fda24645b6779afb53fa0bce2150042b9416b1ae006',
  functions: {
    doc_to_text: {
      field: doc => {
        const choice = ['1', '2'].indexOf(text(doc, 'answer'));
        if (choice < 0) throw new Error("'answer' is to be 1 or 2");
        return choice;
      },
    },
    doc_to_target: { field: doc => strip(aroundBlank(doc)[1]) },
    doc_to_choice: {
      field: doc => [text(doc, 'option1'), text(doc, 'option2')].map(option => aroundBlank(doc)[0] + option),
    },
  },
};

const CONNECTORS: Readonly<Record<string, string>> = { cause: 'because', effect: 'therefore' };

/** It goes on with the sentence. */
function continued(doc: Doc, name: string): string {
  const [first = '', ...rest] = text(doc, name);
  return ` ${first.toLowerCase()}${rest.join('')}`;
}

export const copa: TwinFile = {
  file: 'super_glue/copa/utils.py',
  sha256: '0be98a907db647a518c42c916a61385b64f394cf9d0171b5cb86b7a036282de7',
  functions: {
    doc_to_text: {
      field: doc => {
        const connector = CONNECTORS[text(doc, 'question')];
        if (connector === undefined) throw new Error("'question' is to be cause or effect");
        return `${Array.from(strip(text(doc, 'premise')))
          .slice(0, -1)
          .join('')} ${connector}`;
      },
    },
    doc_to_target: { field: doc => continued(doc, integer(doc, 'label') === 0 ? 'choice1' : 'choice2') },
    doc_to_choice: { field: doc => [continued(doc, 'choice1'), continued(doc, 'choice2')] },
  },
};
