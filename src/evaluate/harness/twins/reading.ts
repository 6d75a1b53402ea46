/** Twins of RACE (Lai et al. 2017), LogiQA (Liu et al. 2020), CoQA (Reddy et al. 2019), SQuAD as completion (Arora et al. 2024), PubMedQA and MedQA. */
import { squadExactMatch, squadF1 } from '../../metrics/squad.ts';
import { strip } from '../../metrics/words.ts';
import type { Doc } from '../data-files.ts';
import { literalEval } from '../python-literals.ts';
import { integer, member, type TwinFile, text, texts } from './twin.ts';

const problemsOf = (doc: Doc): unknown[] => literalEval(text(doc, 'problems')) as unknown[];
const letterOf = (problem: unknown): number => 'ABCD'.indexOf(text(problem, 'answer'));

export const race: TwinFile = {
  file: 'race/preprocess_race.py',
  sha256: '15778ab69ca3b96c3d82618500ad59702ff7ea9dbf09e90e4505abc16ac53ad0',
  functions: {
    doc_to_text: {
      field: doc => {
        const problems = problemsOf(doc);
        const last = problems.pop();
        const before = problems.map(problem => {
          const question = text(problem, 'question');
          const answer = texts(problem, 'options')[letterOf(problem)];
          // A blank at the end is filled in.
          if (question.endsWith('  _  .')) return `${question.slice(0, -5)}${answer}\n`;
          return `Question: ${question}\nAnswer: ${answer}\n`;
        });
        return `Article: ${text(doc, 'article')}\n\n${before.join('')}${text(last, 'question')}`;
      },
    },
    doc_to_target: { field: doc => letterOf(problemsOf(doc).at(-1)) },
    doc_to_choice: { field: doc => texts(problemsOf(doc).at(-1), 'options').slice(0, 4) },
  },
};

export const logiqa: TwinFile = {
  file: 'logiqa/utils_logiqa.py',
  sha256: '46399f40065469d234c0c9e1ef3de9b67e50d5fe1c2c4130607eda2dda268260',
  functions: {
    doc_to_text: {
      field: doc => {
        const choices = texts(doc, 'options').slice(0, 4);
        const listed = choices.map((option, i) => `${'ABCD'[i]}. ${option}\n`).join('');
        return `Passage: ${text(doc, 'context')}\nQuestion: ${text(doc, 'question')}\nChoices:\n${listed}Answer:`;
      },
    },
    doc_to_target: {
      field: doc => {
        const choice = ['a', 'b', 'c', 'd'].indexOf(strip(text(doc, 'label')));
        if (choice < 0) throw new Error("'label' is to be a, b, c or d");
        return choice;
      },
    },
  },
};

/** Answers to the last question of a conversation, those of other people too. */
function lastAnswers(doc: Doc): string[] {
  const turn = texts(member(doc, 'questions'), 'input_text').length - 1;
  const answers = [texts(member(doc, 'answers'), 'input_text')[turn]];
  for (const more of Object.values((doc.additional_answers ?? {}) as object)) {
    const other = texts(more, 'input_text')[turn];
    if (!answers.some(answer => answer.toLowerCase() === other.toLowerCase())) answers.push(other);
  }
  return answers;
}

export const coqa: TwinFile = {
  file: 'coqa/utils.py',
  sha256: '62ac82e8027162d134709355a00526ff5497deb5987beebb18b439b320e860ca',
  functions: {
    doc_to_text: {
      field: doc => {
        const questions = texts(member(doc, 'questions'), 'input_text');
        const answers = texts(member(doc, 'answers'), 'input_text').slice(0, -1);
        const turns = questions.map(
          (question, i) => `Q: ${question}\n\n${i < answers.length ? `A: ${answers[i]}\n\n` : 'A:'}`,
        );
        return `${text(doc, 'story')}\n\n${turns.join('')}`;
      },
    },
    doc_to_target: { field: lastAnswers },
    process_results: {
      results: (doc, [answer]) => {
        const said = strip(String(answer)).split('\n')[0];
        const gold = lastAnswers(doc);
        // Each person's answer beside those of the others.
        const others = gold.length > 1 ? gold.map((_, i) => gold.filter((_, j) => j !== i)) : [gold];
        const mean = (of: (references: string[]) => number): number =>
          others.reduce((sum, references) => sum + of(references), 0) / gold.length;
        return {
          em: mean(references => Number(squadExactMatch(said, references))),
          f1: mean(references => squadF1(said, references)),
        };
      },
    },
  },
};

export const squadCompletion: TwinFile = {
  file: 'squad_completion/task.py',
  sha256: '92a917c531f41fa2f63b1a10c9ef989ff191a1c72f58350fe6933e20c29e14b2',
  functions: {
    SQUADCompletion: {
      task: {
        dataset_path: 'hazyresearch/based-squad',
        dataset_name: 'default',
        validation_split: 'validation',
        output_type: 'generate_until',
        doc_to_text: '{{text.strip()}}',
        doc_to_target: '{{value.strip()}}',
        generation_kwargs: { until: ['\n\n'], do_sample: false, temperature: 0, max_gen_toks: 256 },
        metric_list: [{ metric: 'contains', aggregation: 'mean', higher_is_better: true }],
        metadata: { version: 1 },
      },
      results: (doc, [said]) => {
        const value = strip(text(doc, 'value')).replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
        return { contains: Number(new RegExp(value, 'iu').test(String(said))) };
      },
    },
  },
};

export const pubmedqa: TwinFile = {
  file: 'pubmedqa/preprocess_pubmedqa.py',
  sha256: '43528eee61666d94ae9ac3d58bcd3a0c38182a8898f996f536be9de1d3655740',
  functions: {
    doc_to_text: {
      field: doc => `Abstract: ${texts(doc, 'CONTEXTS').join('\n')}\nQuestion: ${text(doc, 'QUESTION')}\nAnswer:`,
    },
  },
};

export const medqa: TwinFile = {
  file: 'medqa/preprocess_medqa.py',
  sha256: '06adc6ef5bda3259fe547355e6b064ca57c674b502fac749d0a0ccc8fee91787',
  functions: {
    doc_to_text: {
      field: doc => {
        const listed = Array.from('ABCD', (letter, i) => `${letter}. ${text(doc, `ending${i}`)}\n`).join('');
        return `Question: ${text(doc, 'sent1')}\n${listed}Answer:`;
      },
    },
    doc_to_target: { field: doc => integer(doc, 'label') },
  },
};
