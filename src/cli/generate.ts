/** `tslm generate MODEL`: continues prompts, streamed as they come, or answers them with an encoder–decoder. */
import { Command, Option } from 'commander';
import type { GenerationOptions } from '../generate/config/generation-options.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { Tensor } from '../torch/index.ts';
import { type ConstraintOptions, constraintOption, withConstraintOptions } from './constraint.ts';
import { loadAssistant } from './load-assistant.ts';
import {
  collect,
  type InferenceTypeName,
  inferenceTypeOf,
  inferenceTypeOption,
  nonNegativeInteger,
  number,
  positiveInteger,
} from './options.ts';
import { printJson, printNote } from './print.ts';
import { ENCODING_HELP, readText } from './read-text.ts';

interface Options extends ConstraintOptions {
  prompt?: string[];
  promptFile?: string;
  image?: string[];
  encoding: string;
  maxNewTokens?: number;
  greedy?: boolean;
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  typicalP?: number;
  repetitionPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  noRepeatNgramSize?: number;
  numBeams?: number;
  numReturnSequences?: number;
  lengthPenalty?: number;
  earlyStopping?: string;
  assistant?: string;
  promptLookup?: number;
  penaltyAlpha?: number;
  stop?: string[];
  seed?: number;
  adapter?: string;
  dtype: InferenceTypeName;
  device: string;
  json?: boolean;
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('continue a text, or answer it (translate, summarise) with an encoder–decoder')
    .argument('<model>', 'folder of a model or of a run')
    .addOption(
      new Option('--prompt <text>', 'text to continue; repeated, the prompts make a batch')
        .argParser(collect)
        .conflicts('promptFile'),
    )
    .option('--prompt-file <file>', 'read the prompt from a file; - is standard input')
    .addOption(
      new Option('--image <file>', 'image to describe, by a model that writes about images; may be repeated')
        .argParser(collect)
        .conflicts(['prompt', 'promptFile']),
    )
    .option('--encoding <name>', ENCODING_HELP, 'auto')
    .option('--max-new-tokens <n>', 'most tokens to generate (default: 200)', positiveInteger)
    .option('--greedy', 'always take the most probable token (default for an encoder–decoder)')
    .option(
      '--temperature <t>',
      'sampling temperature: below 1 more predictable, above 1 more random (default: 0.8)',
      number,
    )
    .option('--top-k <k>', 'draw from the k most probable tokens (default: 50)', nonNegativeInteger)
    .option('--top-p <p>', 'draw from the most probable tokens that make up p', number)
    .option('--min-p <p>', 'drop tokens below p times the best one', number)
    .option('--typical-p <p>', 'locally typical sampling', number)
    .option('--repetition-penalty <x>', 'repetition penalty; above 1: avoid tokens of the text so far', number)
    .option('--presence-penalty <x>', 'presence penalty: subtract from tokens that were generated', number)
    .option('--frequency-penalty <x>', 'frequency penalty: subtract for each time a token was generated', number)
    .option('--no-repeat-ngram-size <n>', 'never repeat an n-gram of this length', positiveInteger)
    .option('--num-beams <n>', 'search for probable texts, n at once', positiveInteger)
    .option('--num-return-sequences <n>', 'texts for each prompt', positiveInteger)
    .option('--length-penalty <x>', 'of beam search: above 0 favours long texts (default: 1)', number)
    .addOption(
      new Option(
        '--early-stopping <when>',
        'of beam search: stop when there are enough texts, or only when none could be better',
      ).choices(['true', 'false', 'never']),
    )
    .option(
      '--assistant <model>',
      "speculative decoding with a smaller model of the same vocabulary, or with the model's own heads (MODEL/multi-token)",
    )
    .option(
      '--prompt-lookup <n>',
      'prompt-lookup decoding with n draft tokens: the same text, often faster',
      positiveInteger,
    )
    .addOption(
      new Option(
        '--penalty-alpha <x>',
        'contrastive search: avoid states like those before, 0 to 1 (0.6, with --top-k 4)',
      )
        .argParser(number)
        .conflicts('greedy'),
    )
    .option('--stop <text>', 'end before this text; may be repeated', collect);
  return withConstraintOptions(command)
    .option('--seed <n>', 'seed of the draws (default: another one each time, which is printed)', nonNegativeInteger)
    .option('--adapter <folder>', 'adapter of the model to put on: its folder, or that of a run')
    .addOption(inferenceTypeOption())
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--json', 'print prompts, texts and reasons to stop as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm generate runs/shakespeare-char --prompt "ROMEO:" --temperature 0.9\n' +
        '  $ tslm generate models/opus-mt-en-de --prompt "Where is the station?" --num-beams 4\n' +
        '  $ tslm generate models/Qwen2.5-7B --assistant models/Qwen2.5-0.5B --prompt "An apple is" --greedy\n' +
        '  $ tslm generate models/gpt2 --prompt "DeepMind is" --penalty-alpha 0.6 --top-k 4\n' +
        '  $ tslm generate models/gpt2 --prompt "A person as JSON:" --json-schema person.json\n' +
        '  $ tslm generate models/vit-gpt2-image-captioning --image photo.jpg --num-beams 4\n',
    )
    .action(async (path: string, options: Options) => {
      const prompts = options.image ?? (await promptsOf(options));
      const { readsImages } = await import('../generate/prompt/prompt-checks.ts');
      const { modelFolder } = await import('../models/auto.ts');
      const { adapterFolder } = await import('../models/adapters/folder.ts');
      const { loadForInference } = await import('../models/load-for-inference.ts');
      const { generationDefaults } = await import('../generate/config/model-defaults.ts');
      const { resolveGenerationConfig } = await import('../generate/config/generation-config.ts');
      const { generateText, streamText } = await import('../generate/text.ts');
      const { Tokenizer } = await import('../tokenizers/tokenizer.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device);
      const folder = modelFolder(path);
      const tokenizer = Tokenizer.fromFile(folder);
      const defaults = generationDefaults(folder, tokenizer);
      const how = { dtype: inferenceTypeOf(options.dtype), device: options.device, onNote: printNote };
      const adapter = options.adapter === undefined ? undefined : adapterFolder(options.adapter);
      const model = loadForInference(folder, { ...how, adapter });
      const answers = model.task === 'seq2seqLM';
      const guessing =
        options.assistant === undefined ? undefined : await loadAssistant(options.assistant, { model, tokenizer }, how);
      const wanted = { ...guessing?.options, ...generationOptions(options, defaults, answers) };
      const config = resolveGenerationConfig(wanted, { defaults, where: 'generate' });
      const constraint = await constraintOption(options, tokenizer, config.eosTokenId);
      const tellSeed = (): void => {
        if (config.doSample && options.seed === undefined) printNote(`--seed ${config.seed} draws the same again`);
      };
      const pixelValues = options.image && (await imagesOf(model, folder, options.image));
      if (!options.image && readsImages(model.backbone)) {
        throw usageError('TSLM_READS_IMAGES', 'this model reads images, not text', 'for example --image photo.jpg');
      }
      const guesses = { made: 0, right: 0 };
      const onGuesses = (made: number, right: number): void => {
        guesses.made += made;
        guesses.right += right;
      };
      const tellGuesses = (): void => {
        const { made, right } = guesses;
        if (made > 0) printNote(`${right} of ${made} guesses were right (${Math.round((100 * right) / made)} %)`);
      };
      const more = { assistant: guessing?.assistant, onGuesses, constraint, ...(pixelValues && { pixelValues }) };
      if (options.json) {
        const results = generateText(model, tokenizer, prompts, config, more);
        printJson({ model: folder, seed: config.seed, results, ...(guesses.made > 0 && { guesses }) });
        return;
      }
      if (prompts.length * config.numReturnSequences > 1) {
        for (const { prompt, text } of generateText(model, tokenizer, prompts, config, more)) {
          process.stdout.write(`${answers ? '' : prompt}${text}\n${'─'.repeat(40)}\n`);
        }
        tellSeed();
        tellGuesses();
        return;
      }
      let shown = answers ? '' : prompts[0]; // printed when the prompt has proved to fit the model
      let stop: string | undefined;
      for (const { text, token } of streamText(model, tokenizer, prompts, config, more)) {
        process.stdout.write(shown + text);
        shown = '';
        stop = token.stop;
        await new Promise(setImmediate); // Ctrl-C gets its turn
      }
      process.stdout.write('\n');
      if (stop === 'context') {
        process.stderr.write(`note: the text ends here because the model sees ${model.maxPositions} tokens\n`);
      }
      tellSeed();
      tellGuesses();
    });
}

/** What `--image` names, as the model's image processor makes it. */
async function imagesOf(model: Model, folder: string, images: readonly string[]): Promise<Tensor> {
  const { loadImages, processorOf } = await import('../tasks/images.ts');
  const { pixelValuesOf } = await import('../models/image-processor/process.ts');
  const processor = processorOf(model, folder);
  return pixelValuesOf(loadImages(model, processor, images), processor, model.device);
}

async function promptsOf({ prompt, promptFile, encoding }: Options): Promise<string[]> {
  if (prompt) return prompt;
  if (promptFile === undefined && process.stdin.isTTY) {
    throw usageError('TSLM_NO_PROMPT', 'no prompt given', 'for example --prompt "Once upon a time"');
  }
  return [(await readText(promptFile, { what: 'prompt', encoding })).replace(/\r?\n$/, '')];
}

/**
 * A decoder samples at temperature 0.8 unless told otherwise: what a person who tries a model expects. An encoder–decoder,
 * and a model that was made for beams, does what its generation_config.json says.
 */
function generationOptions(options: Options, defaults: GenerationOptions, answers: boolean): GenerationOptions {
  const { greedy, temperature, topK, topP, minP, typicalP, numBeams } = options;
  const isGreedy = greedy === true || temperature === 0;
  const contrasts = options.penaltyAlpha !== undefined && temperature === undefined;
  const sampling = { topK: topK ?? (contrasts ? (defaults.topK ?? 4) : undefined), topP, minP, typicalP };
  const asksToSample = Object.values({ temperature, ...sampling }).some(value => value !== undefined);
  const isLeftToModel = !asksToSample && (answers || (numBeams ?? defaults.numBeams ?? 1) > 1);
  const doSample = isLeftToModel ? (defaults.doSample ?? false) : true;
  const hasLength = answers && (defaults.maxLength ?? defaults.maxNewTokens) !== undefined;
  return {
    maxNewTokens: options.maxNewTokens ?? (hasLength ? undefined : 200),
    doSample: !isGreedy && !contrasts && doSample,
    ...sampling,
    temperature:
      temperature === 0 ? undefined : (temperature ?? (isGreedy || contrasts || isLeftToModel ? undefined : 0.8)),
    repetitionPenalty: options.repetitionPenalty,
    presencePenalty: options.presencePenalty,
    frequencyPenalty: options.frequencyPenalty,
    noRepeatNgramSize: options.noRepeatNgramSize,
    numBeams: numBeams ?? (isGreedy || contrasts ? 1 : undefined),
    numReturnSequences: options.numReturnSequences,
    lengthPenalty: options.lengthPenalty,
    earlyStopping: earlyStoppings[options.earlyStopping ?? ''],
    penaltyAlpha: options.penaltyAlpha,
    promptLookupNumTokens: options.promptLookup,
    stopStrings: options.stop,
    seed: options.seed,
  };
}

const earlyStoppings: Record<string, GenerationOptions['earlyStopping']> = { true: true, false: false, never: 'never' };
