/** Options of generation that do not go together, or say nothing beside the others. */
import { usageError } from '../../support/errors.ts';
import type { GenerationConfig, GenerationOptions } from './generation-options.ts';

/** Without effect, and so a mistake, where nothing is sampled. */
const SAMPLING_ONLY = [
  'temperature',
  'topK',
  'topP',
  'minP',
  'typicalP',
  'epsilonCutoff',
  'etaCutoff',
] as const satisfies (keyof GenerationOptions)[];

/** The same without beams. */
const BEAMS_ONLY = [
  'earlyStopping',
  'lengthPenalty',
  'numBeamGroups',
  'diversityPenalty',
  'forceWordsIds',
] as const satisfies (keyof GenerationOptions)[];

/**
 * @param given what the caller said; a model's own options may be idle
 * @throws UserError that names the option and what to do
 */
export function checkContradictions(config: GenerationConfig, given: GenerationOptions, where: string): void {
  const idle = (keys: readonly (keyof GenerationOptions)[], without: string, remedy: string): void => {
    const unused = keys.find(key => key in given);
    if (unused) throw contradiction(`${where}: '${unused}' has no effect without ${without}`, remedy, unused);
  };
  const samplingOnly = config.penaltyAlpha > 0 ? SAMPLING_ONLY.filter(key => key !== 'topK') : SAMPLING_ONLY;
  if (!config.doSample) idle(samplingOnly, 'sampling', 'add doSample: true');
  if (config.numBeams === 1) idle(BEAMS_ONLY, 'beams', 'give numBeams above 1');
  if (config.numBeamGroups === 1) idle(['diversityPenalty'], 'groups of beams', 'give numBeamGroups above 1');
  if (config.promptLookupNumTokens === undefined) {
    idle(['maxMatchingNgramSize'], 'looking up the prompt', 'give promptLookupNumTokens');
  }
  checkCounts(config, where);
  checkForcedWords(config, where);
  checkStrategies(config, given, where);
}

/** Whether tokens are chosen by contrastive search; a model's own `penaltyAlpha` is idle beside other ways. */
export const isContrastive = ({ penaltyAlpha, topK, doSample, numBeams }: GenerationConfig): boolean =>
  penaltyAlpha > 0 && topK > 1 && !doSample && numBeams === 1;

/** Contrastive search and guesses are ways to choose the next token, and so are sampling, beams and guidance. */
function checkStrategies(config: GenerationConfig, given: GenerationOptions, where: string): void {
  const { doSample, numBeams, topK, promptLookupNumTokens, guidanceScale } = config;
  const conflict = (option: string, value: unknown, other: string, remedy: string): Error =>
    contradiction(`${where}: '${option}' is ${value}, which does not go with ${other}`, remedy, option);
  if (given.penaltyAlpha) {
    const clash = (other: string, remedy: string): Error => conflict('penaltyAlpha', given.penaltyAlpha, other, remedy);
    if (doSample) throw clash("'doSample'", 'set doSample: false');
    if (numBeams > 1) throw clash(`'numBeams', ${numBeams}`, 'set numBeams: 1');
    if (topK < 2) throw clash(`'topK', ${topK}`, 'raise topK');
    if (promptLookupNumTokens !== undefined) throw clash("'promptLookupNumTokens'", 'give only one of them');
  }
  if (given.promptLookupNumTokens !== undefined) {
    const clash = (other: string, remedy: string): Error =>
      conflict('promptLookupNumTokens', promptLookupNumTokens, other, remedy);
    if (numBeams > 1) throw clash(`'numBeams', ${numBeams}`, 'set numBeams: 1');
    if (isContrastive(config)) throw clash("'penaltyAlpha'", 'set penaltyAlpha: 0');
  }
  if (guidanceScale !== 1 && (promptLookupNumTokens !== undefined || isContrastive(config))) {
    const other = isContrastive(config) ? 'penaltyAlpha' : 'promptLookupNumTokens';
    throw conflict('guidanceScale', guidanceScale, `'${other}'`, `leave out '${other}'`);
  }
}

/** An assistant, which is given beside the configuration, is a way of choosing tokens, too. */
export function checkAssistant(config: GenerationConfig): void {
  const others: Record<string, boolean> = {
    numBeams: config.numBeams > 1,
    penaltyAlpha: isContrastive(config),
    guidanceScale: config.guidanceScale !== 1,
    promptLookupNumTokens: config.promptLookupNumTokens !== undefined,
  };
  const other = Object.keys(others).find(key => others[key]);
  if (other) {
    throw usageError('TSLM_CONTRADICTION', `an assistant does not go with '${other}'`, `leave out one of them`);
  }
}

/** Words that must appear are searched for with plain beams. */
function checkForcedWords({ numBeams, numBeamGroups, doSample, forceWordsIds }: GenerationConfig, where: string): void {
  if (forceWordsIds.length === 0 || numBeams === 1) return;
  const other = doSample ? 'doSample' : numBeamGroups > 1 ? 'numBeamGroups' : undefined;
  if (!other) return;
  throw contradiction(`${where}: 'forceWordsIds' do not go with '${other}'`, `leave out '${other}'`, 'forceWordsIds');
}

const contradiction = (message: string, remedy: string, unused: string): Error =>
  usageError('TSLM_CONTRADICTION', message, `${remedy}, or leave out '${unused}'`);

/** Beams, groups of them and texts asked for must fit each other. */
function checkCounts(config: GenerationConfig, where: string): void {
  const { numBeams, numReturnSequences, numBeamGroups, diversityPenalty, doSample } = config;
  if (numReturnSequences > 1 && numBeams === 1 && !doSample) {
    throw contradiction(
      `${where}: 'numReturnSequences' is ${numReturnSequences}, and always taking the most probable token gives one text`,
      'add doSample: true or numBeams',
      'numReturnSequences',
    );
  }
  if (numBeams > 1 && numReturnSequences > numBeams) {
    throw contradiction(
      `${where}: 'numReturnSequences' is ${numReturnSequences}, and 'numBeams' is only ${numBeams}`,
      'raise numBeams',
      'numReturnSequences',
    );
  }
  if (numBeams === 1 || numBeamGroups === 1) return;
  if (numBeams % numBeamGroups !== 0) {
    throw contradiction(
      `${where}: 'numBeams' is ${numBeams}, which 'numBeamGroups', ${numBeamGroups}, does not divide`,
      'make numBeams a multiple of it',
      'numBeamGroups',
    );
  }
  if (doSample) {
    throw contradiction(
      `${where}: 'numBeamGroups' is ${numBeamGroups}, and groups of beams do not go with 'doSample'`,
      'set doSample: false',
      'numBeamGroups',
    );
  }
  if (diversityPenalty === 0) {
    throw contradiction(
      `${where}: 'numBeamGroups' is ${numBeamGroups} and 'diversityPenalty' 0: all groups would be the same`,
      'give diversityPenalty above 0',
      'numBeamGroups',
    );
  }
}
