/**
 * Twins beside what lm-evaluation-harness's Python made of the same documents (recorded by bench/peers/lm_eval_twins.py): requests,
 * targets, scores, means. With TSLM_LM_EVAL=…/lm_eval/tasks its own task files are read, unmodified.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import type { TaskTwins } from '../../../src/evaluate/harness/bind-twins.ts';
import { evaluateTasks, promptsFor } from '../../../src/evaluate/harness/evaluate-tasks.ts';
import { openTask } from '../../../src/evaluate/harness/task.ts';
import { taskSchema } from '../../../src/evaluate/harness/task-config.ts';
import { openTaskLibrary, type TaskNode } from '../../../src/evaluate/harness/task-library.ts';
import { TWIN_FILES } from '../../../src/evaluate/harness/twins/twins.ts';
import type { EvaluatedModel } from '../../../src/evaluate/models/evaluated-model.ts';
import { errorOf } from '../../data/helpers.ts';
import { scratchFolder } from '../../support/scratch.ts';

const fixtures = 'test/fixtures/evaluation/twins';
const scratch = scratchFolder();
const lmEval = process.env.TSLM_LM_EVAL;

interface Recorded {
  task: string;
  documents: {
    type: string;
    arguments: unknown[][];
    answers: unknown[];
    target: unknown;
    scores: Record<string, unknown> | null;
  }[];
  values: Record<string, number>;
}

/** What each task says beside its functions. */
const TASKS: Record<string, { file: string; says: Record<string, unknown>; functions: Record<string, string> }> = {
  hellaswag: {
    file: 'hellaswag/utils.py',
    says: { doc_to_text: '{{query}}', doc_to_target: '{{label}}', doc_to_choice: 'choices' },
    functions: { process_docs: 'process_docs' },
  },
  winogrande: {
    file: 'winogrande/preprocess_winogrande.py',
    says: { metric_list: [{ metric: 'acc' }] },
    functions: { doc_to_text: 'doc_to_text', doc_to_target: 'doc_to_target', doc_to_choice: 'doc_to_choice' },
  },
  copa: {
    file: 'super_glue/copa/utils.py',
    says: { metric_list: [{ metric: 'acc' }] },
    functions: { doc_to_text: 'doc_to_text', doc_to_target: 'doc_to_target', doc_to_choice: 'doc_to_choice' },
  },
  record: {
    file: 'super_glue/record/util.py',
    says: { metric_list: [{ metric: 'f1', aggregation: 'mean' }, { metric: 'em' }] },
    functions: {
      process_docs: 'process_docs',
      doc_to_text: 'doc_to_text',
      doc_to_target: 'doc_to_target',
      doc_to_choice: 'doc_to_choice',
      process_results: 'process_results',
    },
  },
  wsc: {
    file: 'super_glue/wsc/preprocess_wsc.py',
    says: { doc_to_target: 'label', doc_to_choice: ['no', 'yes'], metric_list: [{ metric: 'acc' }] },
    functions: { doc_to_text: 'default_doc_to_text' },
  },
  wikitext: {
    file: 'wikitext/preprocess_wikitext.py',
    says: { output_type: 'loglikelihood_rolling', doc_to_text: '' },
    functions: { doc_to_target: 'wikitext_detokenizer', process_results: 'process_results' },
  },
  drop: {
    file: 'drop/utils.py',
    says: {
      output_type: 'generate_until',
      doc_to_text: '{{passage}} {{question}}',
      doc_to_target: "{{ answer|join(',')}}",
      target_delimiter: '',
      generation_kwargs: { until: ['.'] },
      metric_list: [{ metric: 'em' }, { metric: 'f1', aggregation: 'mean' }],
    },
    functions: { process_docs: 'process_docs', process_results: 'process_results' },
  },
  crows_pairs: {
    file: 'crows_pairs/utils.py',
    says: {
      doc_to_text: '',
      doc_to_target: 0,
      target_delimiter: '',
      metric_list: [{ metric: 'likelihood_diff' }, { metric: 'pct_stereotype' }],
    },
    functions: { process_docs: 'filter_age', doc_to_choice: 'doc_to_choice', process_results: 'process_results' },
  },
  logiqa: {
    file: 'logiqa/utils_logiqa.py',
    says: { doc_to_choice: '{{options}}' },
    functions: { doc_to_text: 'doc_to_text', doc_to_target: 'doc_to_target' },
  },
  race: {
    file: 'race/preprocess_race.py',
    says: { metric_list: [{ metric: 'acc' }] },
    functions: { doc_to_text: 'doc_to_text', doc_to_target: 'doc_to_target', doc_to_choice: 'doc_to_choice' },
  },
  coqa: {
    file: 'coqa/utils.py',
    says: {
      output_type: 'generate_until',
      generation_kwargs: { until: ['\nQ:'] },
      metric_list: [{ metric: 'em' }, { metric: 'f1', aggregation: 'mean' }],
    },
    functions: { doc_to_text: 'doc_to_text', doc_to_target: 'doc_to_target', process_results: 'process_results' },
  },
  pubmedqa: {
    file: 'pubmedqa/preprocess_pubmedqa.py',
    says: { doc_to_target: 'final_decision', doc_to_choice: ['yes', 'no', 'maybe'], metric_list: [{ metric: 'acc' }] },
    functions: { doc_to_text: 'doc_to_text' },
  },
  medqa_4options: {
    file: 'medqa/preprocess_medqa.py',
    says: { doc_to_choice: ['A', 'B', 'C', 'D'] },
    functions: { doc_to_text: 'doc_to_text', doc_to_target: 'doc_to_target' },
  },
  mathqa: {
    file: 'mathqa/utils.py',
    says: {
      doc_to_text: 'Question: {{Problem}}\nAnswer:',
      doc_to_target: "{{['a', 'b', 'c', 'd', 'e'].index(correct)}}",
    },
    functions: { doc_to_choice: 'doc_to_choice' },
  },
  squad_completion: { file: 'squad_completion/task.py', says: {}, functions: { class: 'SQUADCompletion' } },
};

const functionsOf = (file: string) => TWIN_FILES.find(one => one.file === file)!.functions;

/** A task as it would be read, its functions bound already. */
function nodeOf(name: string): TaskNode {
  const { file, says, functions } = TASKS[name];
  const twins: TaskTwins = { fields: {}, names: {} };
  let more = {};
  for (const [field, called] of Object.entries(functions)) {
    const twin = functionsOf(file)[called];
    if ('task' in twin) more = twin.task;
    if ('docs' in twin) twins.docs = twin.docs;
    if ('field' in twin) twins.fields[field as 'doc_to_text'] = twin.field;
    if ('results' in twin) twins.results = twin.results;
  }
  const config = taskSchema.parse({
    task: name,
    output_type: 'multiple_choice',
    ...more,
    ...says,
    ...{ dataset_path: 'here', validation_split: 'train', dataset_name: null },
  });
  return { kind: 'task', name, path: name, config, twins };
}

/** The task's own file in a folder of lm-evaluation-harness. */
function ownNode(folder: string, recorded: Recorded): TaskNode {
  const path = globSync('**/*.yaml', { cwd: folder, absolute: true }).find(file =>
    new RegExp(`^task: *"?${recorded.task}"?$`, 'm').test(readFileSync(file, 'utf8')),
  )!;
  return openTaskLibrary([]).select([path])[0] as TaskNode;
}

const answering = (recorded: Recorded): EvaluatedModel => {
  const answers = recorded.documents.flatMap(document => document.answers);
  return {
    name: 'recorded',
    scoring: 'causal',
    loglikelihood: async () =>
      (answers as [number, boolean][]).map(([logProb, isGreedy]) => ({ logProb, isGreedy, tokens: 1 })),
    loglikelihoodRolling: async texts => texts.map((_, i) => ({ logProb: answers[i] as number, tokens: 1, bytes: 1 })),
    generateUntil: async () => answers as string[],
    [Symbol.dispose]() {},
  };
};

const names = lmEval ? readdirSync(join(fixtures, 'docs')).map(file => file.replace('.jsonl', '')) : Object.keys(TASKS);

describe('twins of Python functions', () => {
  it('are there', () => expect(names.length).toBeGreaterThan(3));

  it.each(names)('make of documents what they make: %s', async name => {
    const recorded = JSON.parse(readFileSync(join(fixtures, 'recorded', `${name}.json`), 'utf8')) as Recorded;
    const node = lmEval ? ownNode(lmEval, recorded) : nodeOf(name);
    // Files of their own splits, so that what a task asks for is there.
    const split = node.config.test_split ?? node.config.validation_split ?? 'validation';
    const place = join(scratch, `${name}-${split}`);
    mkdirSync(place, { recursive: true });
    for (const file of new Set([split, node.config.training_split ?? split])) {
      writeFileSync(join(place, `${file}.jsonl`), readFileSync(join(fixtures, 'docs', `${name}.jsonl`)));
    }
    const given = { ...node, config: { ...node.config, dataset_name: undefined } };
    const options = { dataMap: { [node.config.dataset_path!]: place }, replicates: 0 };
    const asked = promptsFor([given], options).map(({ requests }) =>
      requests.map(request => {
        if (request.kind === 'loglikelihood_rolling') return [request.text];
        if (request.kind === 'generate_until') return [request.context, request.options];
        if (request.kind !== 'loglikelihood') throw new Error('another kind of request');
        return [request.context, request.continuation];
      }),
    );
    expect(asked).toEqual(recorded.documents.map(({ arguments: args }) => args));
    if (recorded.documents[0].scores === null) return;
    const { tasks } = await evaluateTasks(answering(recorded), [given], options);
    for (const [i, { scores, target }] of recorded.documents.entries()) {
      const { scores: own, target: made } = tasks[0].samples[i];
      expect(made).toEqual(target);
      for (const [metric, value] of Object.entries(scores!)) {
        if (typeof value === 'number') expect(own[metric], metric).toBeCloseTo(value, 12);
        else expect(own[metric], metric).toEqual(value);
      }
    }
    for (const [metric, value] of Object.entries(recorded.values)) {
      const found = [...tasks[0].values].find(([key]) => key.startsWith(`${metric},`))!;
      expect(found[1].value, metric).toBeCloseTo(value, 12);
    }
  });

  it('scores TruthfulQA by likelihood and by likeness', async () => {
    const {
      process_results_mc2: mc2,
      process_docs_gen: docs,
      process_results_gen: gen,
    } = functionsOf('truthfulqa/utils.py');
    if (!('results' in mc2) || !('docs' in docs) || !('results' in gen)) throw new Error('another kind of twin');
    const scored = mc2.results(
      { mc2_targets: { labels: [1, 0, 1] } },
      [Math.log(0.2), Math.log(0.6), Math.log(0.2)].map(x => [x, false]),
    );
    expect(scored.acc).toBeCloseTo(0.4, 12);
    const [doc] = docs.docs([{ question: ' Q? ', correct_answers: ['Yes ', ''], incorrect_answers: ['No.'] }]);
    expect(doc).toEqual({
      question: 'Q?',
      correct_answers: ['Yes.', 'I have no comment.'],
      incorrect_answers: ['No.'],
    });
    const values = gen.results(doc, ['I have no comment.']);
    expect(values).toMatchObject({ bleu_acc: 1, rouge1_acc: 1, rougeL_max: 100 });
  });

  it('are refused where the Python file is another, and named', async () => {
    writeFileSync(join(scratch, 'utils.py'), 'def process_docs(dataset):\n    return dataset\n');
    const path = join(scratch, 'own.yaml');
    writeFileSync(path, 'task: own\nprocess_docs: !function utils.process_docs\n');
    const error = await errorOf(() => openTaskLibrary([path]).select(['own']));
    expect(error.code).toBe('TSLM_PYTHON');
    expect(error.message).toContain("'process_docs' is Python code (!function utils.process_docs)");
  });

  it('name the document that lacks a column', async () => {
    writeFileSync(
      join(scratch, 'short.jsonl'),
      '{"question": "cause", "premise": "It rained.", "choice1": "a", "label": 0}\n',
    );
    const error = await errorOf(() => openTask(nodeOf('copa'), { dataMap: { here: join(scratch, 'short.jsonl') } }));
    expect(error.message).toBe("copa: document 0: doc_to_choice: there is no column 'choice2'");
  });
});
