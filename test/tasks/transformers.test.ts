/** What Transformers' pipelines gave for the models below test/fixtures/tasks (`bench/peers/record_tasks.py`). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pipeline } from '../../src/pipeline.ts';
import type { Aggregation } from '../../src/tasks/entities.ts';

const folder = 'test/fixtures/tasks';

interface Found {
  score: number;
  start: number;
  end: number;
}

interface Recorded {
  'text-classification': {
    input: string | { text: string; text_pair: string };
    labels: { label: string; score: number }[];
  }[];
  'token-classification': {
    text: string;
    aggregation: Aggregation;
    stride?: number;
    entities: (Found & { entity?: string; entity_group?: string; word: string; index?: number })[];
  }[];
  'question-answering': {
    question: string;
    context: string;
    top_k: number;
    align_to_words?: boolean;
    max_answer_len?: number;
    max_seq_len?: number;
    doc_stride?: number;
    handle_impossible_answer?: boolean;
    answers: (Found & { answer: string }) | (Found & { answer: string })[];
  }[];
}

const recorded = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as Recorded;
const close = (score: number) => expect.closeTo(score, 5);

describe('what Transformers gives', () => {
  it('for texts', () => {
    using classify = pipeline('text-classification', `${folder}/text-classification`);
    for (const { input, labels } of recorded['text-classification']) {
      const given = typeof input === 'string' ? input : { text: input.text, pair: input.text_pair };
      expect(classify(given)).toEqual(labels.map(({ label, score }) => ({ label, score: close(score) })));
    }
  });

  it.each(recorded['token-classification'])('for tokens: $aggregation, stride $stride', entry => {
    using find = pipeline('token-classification', `${folder}/token-classification`);
    const { text, aggregation, stride, entities } = entry;
    expect(entities.length).toBeGreaterThan(2);
    expect(find(text, { aggregation, stride, ...(stride === undefined && { ignoreLabels: [] }) })).toEqual(
      entities.map(({ entity, entity_group, score, ...rest }) => ({
        label: entity ?? entity_group,
        score: close(score),
        ...rest,
      })),
    );
  });

  it.each(recorded['question-answering'])('for the question $question ($top_k)', entry => {
    using answer = pipeline('question-answering', `${folder}/question-answering`);
    const { question, context, answers } = entry;
    const found = answer(
      { question, context },
      {
        topK: entry.top_k,
        alignToWords: entry.align_to_words,
        maxAnswerLength: entry.max_answer_len,
        maxLength: entry.max_seq_len,
        stride: entry.doc_stride,
        handleImpossibleAnswer: entry.handle_impossible_answer,
      },
    );
    expect(found).toEqual(
      [answers].flat().map(({ answer, score, start, end }) => ({ text: answer, score: close(score), start, end })),
    );
  });
});
