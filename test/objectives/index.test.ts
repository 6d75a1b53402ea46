import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { families } from '../../src/models/families/index.ts';
import {
  classesFor,
  createObjective,
  objectiveNames,
  objectiveOptions,
  objectives,
  objectivesTable,
  requireFit,
  rowKindOf,
} from '../../src/objectives/index.ts';
import { parseOptions } from '../../src/support/schema.ts';
import { tinyModel, tokenizers } from './helpers.ts';

const isOfDecoders = (name: string): boolean =>
  [
    'masked-next-token',
    'multi-token',
    'cpo',
    'dpo',
    'grpo',
    'instruction',
    'kto',
    'orpo',
    'reward',
    'rloo',
    'star',
  ].includes(name);
const parse = (value: object) => parseOptions(objectiveOptions, value, 'recipe');

describe('objectives by name', () => {
  it('have options of their own, told apart by name', () => {
    expect(parse({ name: 'masked', unit: 'span' })).toMatchObject({ name: 'masked', probability: 0.15, maxSpan: 3 });
    expect(parse({ name: 'replaced-tokens' })).toMatchObject({
      maskShare: 0.85,
      randomShare: 0,
      discriminatorWeight: 50,
    });
    expect(() => parse({ name: 'maskd' })).toThrow(/'maskd' is not known/);
    expect(() => parse({ name: 'masked', probabilty: 0.2 })).toThrow(/unknown key 'probabilty'/);
    expect(() => parse({ name: 'masked', probability: 2 })).toThrow(/'probability'/);
  });

  it('are made from them, and are called as they are', () => {
    const documents = { length: 2, row: (index: number) => ({ sentences: [], index }) };
    for (const name of objectiveNames) {
      const isText = ['span-corruption', 'prefix-lm', 'ul2'].includes(name);
      const tokenizer = isText ? tokenizers.unigram() : tokenizers.byteLevel();
      const model = isOfDecoders(name)
        ? tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize)
        : tinyModel('electra', 'ElectraForPreTraining', tokenizer.vocabSize);
      const needed: Record<string, object> = {
        distillation: { teacher: 'models/teacher' },
        grpo: { rewards: 'exact' },
        rloo: { rewards: ['numeric', { reward: 'length', most: 9 }] },
        star: { rewards: 'exact' },
        ul2: { modeTokens: false },
      };
      const given = needed[name] ?? {};
      const context = { tokenizer, context: 32, documents, model };
      const made = createObjective(parse({ name, ...given }), context);
      expect([made.name, made.rows]).toEqual([name, rowKindOf(parse({ name, ...given }))]);
      for (const task of made.tasks) expect(objectives[name].tasks).toContain(task);
    }
  });
});

describe('which objective fits which family', () => {
  it('follows from the heads', () => {
    const table = objectivesTable();
    expect(Object.keys(table).sort()).toEqual(Object.keys(families).sort());
    expect(table.bert.masked).toEqual(['BertForMaskedLM', 'BertForPreTraining']);
    expect(table.albert['sentence-order']).toEqual(['AlbertForPreTraining']);
    expect(Object.keys(table.xlnet)).toEqual(['contrastive', 'permutation']);
    expect(Object.keys(table.vit)).toEqual(['image-classification']);
    expect(Object.keys(table['vision-encoder-decoder'])).toEqual(['captions']);
    expect(Object.keys(table.t5)).toEqual([
      ...['denoising', 'prefix-lm', 'question-answering', 'seq2seq', 'sequence-classification', 'span-corruption'],
      ...['token-classification', 'ul2'],
    ]);
    expect(table.qwen2['sequence-classification']).toEqual(['Qwen2ForSequenceClassification']);
    expect(table.electra['replaced-tokens']).toEqual(['ElectraForPreTraining']);
    expect(classesFor(families.gpt2, 'permutation')).toEqual([]);
  });

  it('is what docs/OBJECTIVES.md says', () => {
    const rows = Object.entries(objectivesTable()).map(([family, byObjective]) => {
      const cells = objectiveNames.flatMap(name => {
        const classes = byObjective[name];
        return classes ? [`${name} (${classes.join(', ')})`] : [];
      });
      return `| \`${family}\` | ${cells.join('; ') || 'none of these'} |`;
    });
    const table = ['| family | objectives, and the classes that have the head |', '| --- | --- |', ...rows].join('\n');
    expect(readFileSync('docs/OBJECTIVES.md', 'utf8')).toContain(table);
  });

  it('or is an error that says what would', () => {
    const bert = tinyModel('bert', 'BertForMaskedLM', 50);
    const fitting = (name: keyof typeof objectives) => () =>
      requireFit(bert, { name, tasks: objectives[name].tasks }, 'tiny.yaml');
    expect(fitting('masked')).not.toThrow();
    expect(fitting('next-sentence')).toThrow(
      /^tiny.yaml: a bert model \(maskedLM\) cannot be trained with .*'next-sentence'$/,
    );
    const hintOf = (run: () => void) => {
      try {
        run();
      } catch (error) {
        return (error as { hint: string }).hint;
      }
    };
    expect(hintOf(fitting('next-sentence'))).toBe('use its class BertForPreTraining or BertForNextSentencePrediction');
    expect(hintOf(fitting('permutation'))).toBe(
      'it trains xlnet; for bert there is contrastive, masked, multiple-choice, next-sentence, question-answering, sentence-order, ' +
        'sequence-classification, token-classification',
    );
  });
});
