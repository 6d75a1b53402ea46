/** `tslm generate MODEL`: continues prompts, streamed as they come. */
import { Command, Option } from 'commander';
import type { GenerationOptions } from '../generate/generation-config.ts';
import { explainFileError, usageError } from '../support/errors.ts';
import { collect, nonNegativeInteger, number, positiveInteger } from './options.ts';
import { printJson } from './print.ts';

interface Options {
  prompt?: string[];
  promptFile?: string;
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
  stop?: string[];
  seed: number;
  device: string;
  json?: boolean;
}

export function generateCommand(): Command {
  return new Command('generate')
    .description('continue a text')
    .argument('<model>', 'folder of a model or of a run')
    .addOption(
      new Option('--prompt <text>', 'text to continue; repeated, the prompts make a batch')
        .argParser(collect)
        .conflicts('promptFile'),
    )
    .option('--prompt-file <file>', 'read the prompt from a file; - is standard input')
    .option('--max-new-tokens <n>', 'most tokens to generate (default: 200)', positiveInteger)
    .option('--greedy', 'always take the most probable token')
    .option('--temperature <t>', 'below 1 more predictable, above 1 more surprising (default: 0.8)', number)
    .option('--top-k <k>', 'draw from the k most probable tokens (default: 50)', nonNegativeInteger)
    .option('--top-p <p>', 'draw from the most probable tokens that make up p', number)
    .option('--min-p <p>', 'drop tokens below p times the best one', number)
    .option('--typical-p <p>', 'locally typical sampling', number)
    .option('--repetition-penalty <x>', 'above 1: avoid what is there already', number)
    .option('--presence-penalty <x>', 'subtract from tokens that were generated', number)
    .option('--frequency-penalty <x>', 'subtract for each time a token was generated', number)
    .option('--no-repeat-ngram-size <n>', 'never repeat n tokens in a row', positiveInteger)
    .option('--stop <text>', 'end before this text; may be repeated', collect)
    .option('--seed <n>', 'seed of the draws', nonNegativeInteger, 0)
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--json', 'print prompts, texts and reasons to stop as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm generate runs/shakespeare-char --prompt "ROMEO:" --temperature 0.9\n')
    .action(async (path: string, options: Options) => {
      const prompts = await promptsOf(options);
      const { loadModel, modelFolder } = await import('../models/auto.ts');
      const { modelGenerationDefaults } = await import('../generate/model-defaults.ts');
      const { resolveGenerationConfig } = await import('../generate/generation-config.ts');
      const { generateText, streamText } = await import('../generate/text.ts');
      const { Tokenizer } = await import('../tokenizers/tokenizer.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device);
      const folder = modelFolder(path);
      const tokenizer = Tokenizer.fromFile(folder);
      const { eosTokenId = null } = tokenizer;
      const defaults = { eosTokenId, ...modelGenerationDefaults(folder) };
      const config = resolveGenerationConfig(generationOptions(options), { defaults, where: 'generate' });
      const { decoder } = loadModel(folder, { device: options.device });
      if (options.json) {
        printJson({ model: folder, seed: config.seed, results: generateText(decoder, tokenizer, prompts, config) });
        return;
      }
      if (prompts.length > 1) {
        for (const { prompt, text } of generateText(decoder, tokenizer, prompts, config)) {
          process.stdout.write(`${prompt}${text}\n${'─'.repeat(40)}\n`);
        }
        return;
      }
      let shown = prompts[0]; // printed when the prompt has proved to fit the model
      let stop: string | undefined;
      for (const { text, token } of streamText(decoder, tokenizer, prompts, config)) {
        process.stdout.write(shown + text);
        shown = '';
        stop = token.stop;
        await new Promise(setImmediate); // Ctrl-C gets its turn
      }
      process.stdout.write('\n');
      if (stop === 'context') {
        process.stderr.write(
          `note: the text ends here because the model sees ${decoder.options.maxPositions} tokens\n`,
        );
      }
    });
}

async function promptsOf({ prompt, promptFile }: Options): Promise<string[]> {
  if (prompt) return prompt;
  if (promptFile === undefined && process.stdin.isTTY) {
    throw usageError('TSLM_NO_PROMPT', 'no prompt given', 'for example --prompt "Once upon a time"');
  }
  const { buffer } = await import('node:stream/consumers');
  const { createReadStream } = await import('node:fs');
  const isStdin = promptFile === undefined || promptFile === '-';
  const bytes = await buffer(isStdin ? process.stdin : createReadStream(promptFile)).catch(error => {
    throw explainFileError(error, promptFile);
  });
  try {
    return [new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')];
  } catch {
    const where = isStdin ? 'standard input' : promptFile;
    throw usageError('TSLM_BAD_PROMPT', `${where}: the prompt is not UTF-8 text`, 'convert it with iconv');
  }
}

/** Sampling at temperature 0.8 unless told otherwise: what a person who tries a model expects. */
function generationOptions(options: Options): GenerationOptions {
  const { greedy, temperature, topK, topP, minP, typicalP } = options;
  const isGreedy = greedy === true || temperature === 0;
  const sampling = { topK, topP, minP, typicalP };
  return {
    maxNewTokens: options.maxNewTokens ?? 200,
    doSample: !isGreedy,
    ...sampling,
    temperature: temperature === 0 ? undefined : (temperature ?? (isGreedy ? undefined : 0.8)),
    repetitionPenalty: options.repetitionPenalty,
    presencePenalty: options.presencePenalty,
    frequencyPenalty: options.frequencyPenalty,
    noRepeatNgramSize: options.noRepeatNgramSize,
    stopStrings: options.stop,
    seed: options.seed,
  };
}
