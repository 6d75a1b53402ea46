/** `tslm ngram`: the commands of n-gram models. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { NgramProvenance, StoredNgram } from '../ngram/index.ts';
import { formatCount } from '../support/format.ts';
import { createProgress } from '../support/progress.ts';
import { ENCODING_HELP } from './read-text.ts';

/** `tslm ngram …`: Kneser–Ney n-gram models of corpora and plain texts. */
export function ngramCommand(): Command {
  return new Command('ngram')
    .description('train, evaluate, sample from and exchange Kneser-Ney n-gram models')
    .addCommand(trainCommand())
    .addCommand(evaluateCommand())
    .addCommand(generateCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addHelpText('after', '\nExample:\n  $ tslm ngram train corpora/wiki --order 5 --out models/wiki-5gram\n');
}

const splitOption = (byDefault: string) =>
  new Option('--split <name>', 'split of a corpus').choices(['train', 'validation', 'test']).default(byDefault);
const charactersOption = () =>
  new Option('--characters', 'tokens are the characters of a line (default: its words, split at white space)');
const encodingOption = () => new Option('--encoding <name>', ENCODING_HELP).default('auto');
const jsonOption = () => new Option('--json', 'print the result as JSON');

function trainCommand(): Command {
  return new Command('train')
    .description('count and smooth the n-grams of a corpus directory, or of a text file with one document a line')
    .argument('<data>', 'corpus directory made by `tslm prepare`, or text file (.gz and .zst too)')
    .requiredOption('--out <dir>', 'model directory to write')
    .option('--order <n>', 'longest n-gram', wholeNumber, 5)
    .addOption(splitOption('train'))
    .addOption(charactersOption())
    .addOption(encodingOption())
    .addOption(
      new Option('--smoothing <kind>', 'modified: three discounts per n-gram length; absolute: one')
        .choices(['modified', 'absolute'])
        .default('modified'),
    )
    .option('--prune <counts>', 'drop n-grams that occur at most so often, per length: 0,0,1', numbers)
    .option('--discount-fallback <three>', 'discounts where the data give none (default: 0.5,1,1.5)', numbers)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  tslm ngram train corpora/wiki --order 5 --out models/wiki-5gram')
    .action(async (data: string, { out, json, characters, ...options }) => {
      const { saveNgram, trainNgramOn } = await import('../ngram/index.ts');
      const { writeFolder } = await import('../support/write-folder.ts');
      const progress = createProgress('training', { total: 2 * options.order, unit: ' steps' });
      let steps = 0;
      const train = async (folder: string): Promise<StoredNgram> => {
        const stored = await trainNgramOn(data, {
          ...options,
          units: characters ? 'characters' : 'words',
          onStep: step => progress.update(++steps, step),
        });
        progress.end();
        saveNgram(folder, stored);
        return stored;
      };
      const stored = await writeFolder(out, train, { merge: true });
      const { order, vocabulary } = stored.model;
      const result = { directory: out, order, vocabulary: vocabulary.size, ...stored.provenance };
      console.log(json ? JSON.stringify(result) : describeTraining(out, stored));
    });
}

function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('loss, perplexity and bits per byte on a corpus directory or a text')
    .argument('<dir>', 'model directory')
    .requiredOption('--data <path>', 'corpus directory made with the same tokenizer, or text file')
    .addOption(splitOption('validation'))
    .addOption(encodingOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  tslm ngram evaluate models/wiki-5gram --data corpora/wiki --split test')
    .action(async (dir: string, { data, split, encoding, json }) => {
      const { evaluateNgram, loadNgram } = await import('../ngram/index.ts');
      const progress = createProgress('evaluating', { unit: ' tokens' });
      const onTokens = (tokens: number): void => progress.update(tokens);
      const result = await evaluateNgram(loadNgram(dir), data, { split, encoding, onTokens });
      progress.end();
      if (json) return console.log(JSON.stringify(result));
      const { loss, perplexity, bitsPerByte, bitsPerCharacter, tokens, unknown } = result;
      console.log(`loss           ${loss.toFixed(4)} nats per token`);
      console.log(`perplexity     ${perplexity.toFixed(2)}`);
      const withheld = 'not known: what unknown words stand for is not predicted';
      console.log(`bits per byte  ${bitsPerByte?.toFixed(4) ?? withheld}`);
      if (bitsPerCharacter !== null) console.log(`bits per char  ${bitsPerCharacter.toFixed(4)}`);
      const share = unknown > 0 ? `, ${unknown} of them unknown (${((100 * unknown) / tokens).toFixed(1)}%)` : '';
      console.log(`tokens         ${tokens}${share}`);
    });
}

function generateCommand(): Command {
  return new Command('generate')
    .description('continue a prompt')
    .argument('<dir>', 'model directory')
    .option('--prompt <text>', 'beginning of the document', '')
    .option('--tokens <n>', 'most tokens to generate', wholeNumber, 100)
    .option('--temperature <t>', '0 takes the most probable token', nonNegative, 1)
    .option('--seed <n>', 'seed of the sampling', wholeNumber, 0)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  tslm ngram generate models/wiki-5gram --prompt "The history of" --tokens 50 --seed 1',
    )
    .action(async (dir: string, { prompt, tokens, temperature, seed, json }) => {
      const { continueText, loadNgram } = await import('../ngram/index.ts');
      const result = continueText(loadNgram(dir), prompt, { maxTokens: tokens, temperature, seed });
      console.log(json ? JSON.stringify({ prompt, seed, ...result }) : prompt + result.text);
    });
}

function exportCommand(): Command {
  return new Command('export')
    .description('export the model as an ARPA file, as read by KenLM and SRILM')
    .argument('<dir>', 'model directory')
    .requiredOption('--arpa <file>', 'file to write')
    .addHelpText('after', '\nExample:\n  tslm ngram export models/wiki-5gram --arpa wiki.arpa')
    .action(async (dir: string, { arpa }) => {
      const { loadNgram, wordsOf, writeArpa } = await import('../ngram/index.ts');
      const stored = loadNgram(dir);
      writeArpa(stored.model, wordsOf(stored), arpa);
    });
}

function importCommand(): Command {
  return new Command('import')
    .description('import an ARPA file as a model directory')
    .argument('<arpa>', 'ARPA file')
    .requiredOption('--out <dir>', 'model directory to write')
    .addOption(charactersOption())
    .addHelpText('after', '\nExample:\n  tslm ngram import news.arpa --out models/news')
    .action(async (arpa: string, { out, characters }) => {
      const { readArpa, saveNgram } = await import('../ngram/index.ts');
      const { writeFolder } = await import('../support/write-folder.ts');
      const model = { ...readArpa(arpa, characters ? 'characters' : 'words'), provenance: { source: arpa } };
      await writeFolder(out, folder => saveNgram(folder, model), { merge: true });
    });
}

function describeTraining(out: string, { model, provenance }: StoredNgram): string {
  const { tokens = 0, levels = [] } = provenance;
  const lines = [`${out}: order ${model.order}, ${formatCount(tokens)} tokens, ${model.vocabulary.size} ids`];
  for (const [i, level] of levels.entries()) lines.push(describeLevel(i + 1, level));
  return lines.join('\n');
}

function describeLevel(n: number, { ngrams, pruned, discounts, fallback }: Levels[number]): string {
  const names = ['D1', 'D2', 'D3+'].map((name, i) => `${name} ${discounts[i].toFixed(4)}`).join('  ');
  const notes = [pruned > 0 ? `${pruned} pruned` : '', fallback ? 'fallback discounts' : ''].filter(Boolean);
  return `${n}-grams  ${String(ngrams).padStart(10)}  ${names}${notes.length ? `  (${notes.join(', ')})` : ''}`;
}
type Levels = NonNullable<NgramProvenance['levels']>;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is expected.');
  return value;
}

function nonNegative(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('a number of at least 0 is expected.');
  return value;
}

function numbers(text: string): number[] {
  const values = text.split(',').map(Number);
  if (values.some(Number.isNaN)) throw new InvalidArgumentError('numbers with commas between them are expected.');
  return values;
}
