/** Twin of MathQA (Amini et al. 2019), whose choices stand in one line. */
import { type TwinFile, text } from './twin.ts';

export const mathqa: TwinFile = {
  file: 'mathqa/utils.py',
  sha256: '345aa27870efd145f970456632622efc617b299a4d00abc9459242d2c696d342',
  functions: {
    doc_to_choice: {
      field: doc =>
        Array.from(text(doc, 'options').matchAll(/[abcd] \) [^\n]*?, |e \) [^\n]*?(?=\n?$)/g), ([choice]) =>
          choice.slice(4).replace(/[ ,]+$/, ''),
        ),
    },
  },
};
