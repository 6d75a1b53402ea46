/** The objectives by name: their options, how each is made, and which models it can train. */
import { z } from 'zod';
import type { RowKind } from '../data/rows/rows.ts';
import { families } from '../models/families/index.ts';
import type { Family } from '../models/family.ts';
import type { Model, Task } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { captions, captionsOptions } from './captions.ts';
import { causal, causalOptions } from './causal.ts';
import { contrastive, contrastiveOptions } from './contrastive.ts';
import { cpo, cpoOptions } from './cpo.ts';
import { denoising, denoisingOptions } from './denoising.ts';
import { distillation, distillationOptions } from './distillation.ts';
import { dpo, dpoOptions } from './dpo.ts';
import { imageClassification, imageClassificationOptions } from './image-classification.ts';
import { instruction, instructionOptions } from './instruction.ts';
import { kto, ktoOptions } from './kto.ts';
import { masked, maskedOptions } from './masked.ts';
import type { AnyObjective, ObjectiveContext } from './objective.ts';
import { orpo, orpoOptions } from './orpo.ts';
import { permutation, permutationOptions } from './permutation.ts';
import { prefixLM, prefixLMOptions } from './prefix-lm.ts';
import { questionAnswering, questionAnsweringOptions } from './question-answering.ts';
import { replacedTokens, replacedTokensOptions } from './replaced-tokens.ts';
import { reward, rewardOptions } from './reward.ts';
import { nextSentence, nextSentenceOptions, sentenceOrder, sentenceOrderOptions } from './sentence-pair.ts';
import { seq2seq, seq2seqOptions } from './seq2seq.ts';
import { sequenceClassification, sequenceClassificationOptions } from './sequence-classification.ts';
import { spanCorruption, spanCorruptionOptions } from './span-corruption.ts';
import { tokenClassification, tokenClassificationOptions } from './token-classification.ts';
import { ul2, ul2Options } from './ul2.ts';

interface Entry<Options extends z.ZodObject = z.ZodObject> {
  options: Options;
  /** Options as the schema gives them; their name is passed over. */
  make(context: ObjectiveContext, options: z.output<Options>): AnyObjective;
  /** Heads that it trains. */
  tasks: readonly Task[];
  /** Whether it suits the family's networks, where heads do not say it. Default: all. */
  suits?: (family: string) => boolean;
}

const entry = <Options extends z.ZodObject>(
  options: Options,
  make: Entry<Options>['make'],
  tasks: readonly Task[],
  suits: Entry['suits'] = () => true,
): Entry<Options> => ({ options, make, tasks, suits });

const seesImages = (family: string): boolean => family.startsWith('vi');
const readsText = (family: string): boolean => !seesImages(family);
const isOneStack = (family: string): boolean => readsText(family) && !['bart', 'marian', 'mt5', 't5'].includes(family);
const isDecoder = (family: string): boolean => isOneStack(family) && !isTwoStream(family);
/** A reward is read where the answer ends. */
const writesText = (family: string): boolean =>
  isDecoder(family) && Object.values(families[family].architectures).includes('causalLM');
const isTwoStream = (family: string): boolean => family === 'xlnet';
/** XLNet reads the end of a text, and batches of rows are filled up on the right. */
const padsRight = (family: string): boolean => !isTwoStream(family);

export const objectives = {
  captions: entry(captionsOptions, captions, ['seq2seqLM'], seesImages),
  causal: entry(causalOptions, causal, ['causalLM'], isDecoder),
  contrastive: entry(contrastiveOptions, contrastive, ['backbone'], isOneStack),
  cpo: entry(cpoOptions, cpo, ['causalLM'], isDecoder),
  denoising: entry(denoisingOptions, denoising, ['seq2seqLM'], readsText),
  distillation: entry(distillationOptions, distillation, ['causalLM'], isDecoder),
  dpo: entry(dpoOptions, dpo, ['causalLM'], isDecoder),
  'image-classification': entry(imageClassificationOptions, imageClassification, ['imageClassification']),
  instruction: entry(instructionOptions, instruction, ['causalLM'], isDecoder),
  kto: entry(ktoOptions, kto, ['causalLM'], isDecoder),
  masked: entry(maskedOptions, masked, ['maskedLM', 'pretraining']),
  'next-sentence': entry(nextSentenceOptions, nextSentence, ['pretraining', 'nextSentence']),
  orpo: entry(orpoOptions, orpo, ['causalLM'], isDecoder),
  permutation: entry(permutationOptions, permutation, ['causalLM'], isTwoStream),
  'prefix-lm': entry(prefixLMOptions, prefixLM, ['seq2seqLM'], readsText),
  'question-answering': entry(questionAnsweringOptions, questionAnswering, ['questionAnswering'], padsRight),
  'replaced-tokens': entry(replacedTokensOptions, replacedTokens, ['replacedTokens']),
  reward: entry(rewardOptions, reward, ['sequenceClassification'], writesText),
  'sentence-order': entry(sentenceOrderOptions, sentenceOrder, ['pretraining', 'nextSentence']),
  seq2seq: entry(seq2seqOptions, seq2seq, ['seq2seqLM'], readsText),
  'sequence-classification': entry(
    sequenceClassificationOptions,
    sequenceClassification,
    ['sequenceClassification'],
    padsRight,
  ),
  'span-corruption': entry(spanCorruptionOptions, spanCorruption, ['seq2seqLM'], readsText),
  'token-classification': entry(tokenClassificationOptions, tokenClassification, ['tokenClassification'], padsRight),
  ul2: entry(ul2Options, ul2, ['seq2seqLM'], readsText),
};

export type ObjectiveName = keyof typeof objectives;
export const objectiveNames = Object.keys(objectives) as ObjectiveName[];

const schemas = Object.values(objectives).map(({ options }) => options);

/** What a recipe says of an objective: its name, and its own options. */
export const objectiveOptions = z.discriminatedUnion(
  'name',
  schemas as unknown as [(typeof schemas)[number], ...(typeof schemas)[number][]],
);
export type ObjectiveOptions = z.output<typeof objectiveOptions>;

const OF_FILES: Partial<Record<ObjectiveName, RowKind>> = {
  captions: 'image',
  'image-classification': 'image',
  cpo: 'preference',
  distillation: 'instruction',
  dpo: 'preference',
  instruction: 'instruction',
  kto: 'feedback',
  orpo: 'preference',
  reward: 'preference',
  'question-answering': 'reading',
  seq2seq: 'translation',
  'sequence-classification': 'labelled',
  'token-classification': 'tagged',
};

/** The kind of rows that an objective learns from. */
export function rowKindOf(options: ObjectiveOptions): RowKind {
  if ('rows' in options) return options.rows;
  const { name } = options;
  return OF_FILES[name] ?? (name === 'next-sentence' || name === 'sentence-order' ? 'document' : 'tokens');
}

/** @throws UserError when the tokenizer or the context lacks what the objective needs */
export function createObjective(options: ObjectiveOptions, context: ObjectiveContext): AnyObjective {
  const { name, ...own } = options;
  const { make } = objectives[name] as unknown as {
    make: (context: ObjectiveContext, options: object) => AnyObjective;
  };
  return make(context, own);
}

/** The classes of a family whose head the objective trains. */
export function classesFor({ modelType, architectures }: Family, name: ObjectiveName): string[] {
  const { tasks, suits } = objectives[name] as Entry;
  if (!suits!(modelType)) return [];
  return Object.entries(architectures).flatMap(([architecture, task]) => (tasks.includes(task) ? [architecture] : []));
}

/** Which objectives each family can be trained with, and the classes that have the head. */
export const objectivesTable = (): Record<string, Partial<Record<ObjectiveName, string[]>>> =>
  Object.fromEntries(
    Object.values(families).map(family => [
      family.modelType,
      Object.fromEntries(
        objectiveNames
          .map(name => [name, classesFor(family, name)] as const)
          .filter(([, classes]) => classes.length > 0),
      ),
    ]),
  );

/** @throws UserError when the model's family or class has no head for the objective, before anything is made of it */
export function requireObjective(model: Model, name: ObjectiveName, where: string): void {
  requireFit(model, { name, tasks: objectives[name].tasks }, where);
}

/**
 * @param objective the one made, whose options may narrow down what it trains
 * @throws UserError that names what would fit, when the model has no head for the objective
 */
export function requireFit(
  { family, task }: Model,
  { name, tasks }: Pick<AnyObjective, 'tasks'> & { name: string },
  where: string,
): void {
  const objective = name as ObjectiveName;
  const suits = (objectives[objective] as Entry).suits!;
  if (suits(family.modelType) && tasks.includes(task)) return;
  const classes = classesFor(family, objective).filter(architecture =>
    tasks.includes(family.architectures[architecture]),
  );
  const fitting = Object.values(families).filter(other => classesFor(other, objective).length > 0);
  throw usageError(
    'TSLM_UNFIT_OBJECTIVE',
    `${where}: a ${family.modelType} model (${task}) cannot be trained with the objective '${name}'`,
    classes.length > 0
      ? `use its class ${classes.join(' or ')}`
      : `it trains ${fitting.map(({ modelType }) => modelType).join(', ')}; for ${family.modelType} there is ${
          objectiveNames.filter(other => classesFor(family, other).length > 0).join(', ') || 'none of these'
        }`,
  );
}
