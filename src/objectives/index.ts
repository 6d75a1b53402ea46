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
import { grpo, grpoOptions } from './grpo.ts';
import { imageClassification, imageClassificationOptions } from './image-classification.ts';
import { instruction, instructionOptions } from './instruction.ts';
import { kto, ktoOptions } from './kto.ts';
import { masked, maskedOptions } from './masked.ts';
import { maskedNextToken, maskedNextTokenOptions } from './masked-next-token.ts';
import { multiToken, multiTokenOptions } from './multi-token.ts';
import { multipleChoice, multipleChoiceOptions } from './multiple-choice.ts';
import type { AnyObjective, Objective, ObjectiveContext } from './objective.ts';
import { orpo, orpoOptions } from './orpo.ts';
import { permutation, permutationOptions } from './permutation.ts';
import { prefixLM, prefixLMOptions } from './prefix-lm.ts';
import { questionAnswering, questionAnsweringOptions } from './question-answering.ts';
import { replacedTokens, replacedTokensOptions } from './replaced-tokens.ts';
import { reward, rewardOptions } from './reward.ts';
import { rloo, rlooOptions } from './rloo.ts';
import { nextSentence, nextSentenceOptions, sentenceOrder, sentenceOrderOptions } from './sentence-pair.ts';
import { seq2seq, seq2seqOptions } from './seq2seq.ts';
import { sequenceClassification, sequenceClassificationOptions } from './sequence-classification.ts';
import { spanCorruption, spanCorruptionOptions } from './span-corruption.ts';
import { star, starOptions } from './star.ts';
import { tokenClassification, tokenClassificationOptions } from './token-classification.ts';
import { ul2, ul2Options } from './ul2.ts';

interface Entry<Options extends z.ZodObject = z.ZodObject, Kind extends RowKind = RowKind> {
  options: Options;
  /** Options as the schema gives them; their name is passed over. */
  // biome-ignore lint/suspicious/noExplicitAny: examples and batches are each objective's own
  make(context: ObjectiveContext, options: z.output<Options>): Objective<Kind, any, any>;
  /** The kind of rows that it learns from; undefined: its option `rows` says it. */
  rows: Kind | undefined;
  /** Heads that it trains. */
  tasks: readonly Task[];
  /** Whether it suits the family's networks, where heads do not say it. Default: all. */
  suits?: (family: string) => boolean;
}

/** @param rows checked by the compiler against the objective's own rows */
const entry = <Options extends z.ZodObject, Kind extends RowKind>(
  options: Options,
  make: Entry<Options, Kind>['make'],
  rows: Entry<Options, NoInfer<Kind>>['rows'],
  tasks: readonly Task[],
  suits: Entry['suits'] = () => true,
): Entry<Options, Kind> => ({ options, make, rows, tasks, suits });

const seesImages = (family: string): boolean => family.startsWith('vi');
const readsText = (family: string): boolean => !seesImages(family);
const isOneStack = (family: string): boolean => readsText(family) && !['bart', 'marian', 'mt5', 't5'].includes(family);
const isDecoder = (family: string): boolean => isOneStack(family) && !isTwoStream(family);
/** Decoders whose attention is about what came before alone: by linear biases, or windows in every new model. */
const readsBothWays = (family: string): boolean =>
  isDecoder(family) && !['bloom', 'gemma2', 'gemma3_text'].includes(family);
/** A reward is read where the answer ends. */
const writesText = (family: string): boolean =>
  isDecoder(family) && Object.values(families[family].architectures).includes('causalLM');
const isTwoStream = (family: string): boolean => family === 'xlnet';
/** XLNet reads the end of a text, and batches of rows are filled up on the right. */
const padsRight = (family: string): boolean => !isTwoStream(family);

export const objectives = {
  captions: entry(captionsOptions, captions, 'image', ['seq2seqLM'], seesImages),
  causal: entry(causalOptions, causal, 'tokens', ['causalLM'], isDecoder),
  contrastive: entry(contrastiveOptions, contrastive, undefined, ['backbone'], isOneStack),
  cpo: entry(cpoOptions, cpo, 'preference', ['causalLM'], isDecoder),
  denoising: entry(denoisingOptions, denoising, undefined, ['seq2seqLM'], readsText),
  distillation: entry(distillationOptions, distillation, 'instruction', ['causalLM'], isDecoder),
  dpo: entry(dpoOptions, dpo, 'preference', ['causalLM'], isDecoder),
  grpo: entry(grpoOptions, grpo, 'prompt', ['causalLM'], writesText),
  'image-classification': entry(imageClassificationOptions, imageClassification, 'image', ['imageClassification']),
  instruction: entry(instructionOptions, instruction, 'instruction', ['causalLM'], isDecoder),
  kto: entry(ktoOptions, kto, 'feedback', ['causalLM'], isDecoder),
  masked: entry(maskedOptions, masked, 'tokens', ['maskedLM', 'pretraining']),
  'masked-next-token': entry(maskedNextTokenOptions, maskedNextToken, 'tokens', ['causalLM'], readsBothWays),
  'multi-token': entry(multiTokenOptions, multiToken, 'tokens', ['causalLM'], isDecoder),
  'multiple-choice': entry(multipleChoiceOptions, multipleChoice, 'choice', ['multipleChoice'], padsRight),
  'next-sentence': entry(nextSentenceOptions, nextSentence, 'document', ['pretraining', 'nextSentence']),
  orpo: entry(orpoOptions, orpo, 'preference', ['causalLM'], isDecoder),
  permutation: entry(permutationOptions, permutation, 'tokens', ['causalLM'], isTwoStream),
  'prefix-lm': entry(prefixLMOptions, prefixLM, 'tokens', ['seq2seqLM'], readsText),
  'question-answering': entry(questionAnsweringOptions, questionAnswering, 'reading', ['questionAnswering'], padsRight),
  'replaced-tokens': entry(replacedTokensOptions, replacedTokens, 'tokens', ['replacedTokens']),
  reward: entry(rewardOptions, reward, 'preference', ['sequenceClassification'], writesText),
  rloo: entry(rlooOptions, rloo, 'prompt', ['causalLM'], writesText),
  'sentence-order': entry(sentenceOrderOptions, sentenceOrder, 'document', ['pretraining', 'nextSentence']),
  seq2seq: entry(seq2seqOptions, seq2seq, 'translation', ['seq2seqLM'], readsText),
  'sequence-classification': entry(
    sequenceClassificationOptions,
    sequenceClassification,
    'labelled',
    ['sequenceClassification'],
    padsRight,
  ),
  'span-corruption': entry(spanCorruptionOptions, spanCorruption, 'tokens', ['seq2seqLM'], readsText),
  star: entry(starOptions, star, 'prompt', ['causalLM'], writesText),
  'token-classification': entry(
    tokenClassificationOptions,
    tokenClassification,
    'tagged',
    ['tokenClassification'],
    padsRight,
  ),
  ul2: entry(ul2Options, ul2, 'tokens', ['seq2seqLM'], readsText),
};

/** The name of an objective. */
export type ObjectiveName = keyof typeof objectives;
/** The names of the objectives, as `objective.name` of a recipe takes them. */
export const objectiveNames = Object.keys(objectives) as ObjectiveName[];

const schemas = Object.values(objectives).map(({ options }) => options);

/** What a recipe says of an objective: its name, and its own options. */
export const objectiveOptions = z.discriminatedUnion(
  'name',
  schemas as unknown as [(typeof schemas)[number], ...(typeof schemas)[number][]],
);
/** The section `objective` of a recipe. */
export type ObjectiveOptions = z.output<typeof objectiveOptions>;

/** The kind of rows that an objective learns from. */
export const rowKindOf = (options: ObjectiveOptions): RowKind =>
  'rows' in options ? options.rows : objectives[options.name].rows!;

/** Those that can keep the documents of a window apart (`data.packing`). */
export const packingObjectives: readonly ObjectiveName[] = ['causal', 'masked-next-token', 'multi-token'];

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
