/** `tslm augment ROWS --out OUT`: rows with variants of their texts, by EDA or by translation there and back. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Augmenter, AugmentReport } from '../data/augment/augment-rows.ts';
import { UserError, usageError } from '../support/errors.ts';
import { collect, nonNegativeInteger, number, positiveInteger } from './options.ts';
import { printJson, printNote, printTable } from './print.ts';
import { openVectors } from './vectors/open.ts';

interface Options {
  out: string;
  method: 'eda' | 'back-translation';
  column?: string[];
  tags?: string;
  variants?: number;
  originals: boolean;
  overwrite?: boolean;
  seed: number;
  alpha?: number;
  operation?: string[];
  synonyms?: string;
  vectors?: string;
  forward?: string;
  backward?: string;
  sourceLanguage?: string;
  pivotLanguage?: string;
  numBeams?: number;
  temperature?: number;
  maxNewTokens?: number;
  json?: boolean;
}

const OF_EDA = ['alpha', 'operation', 'synonyms', 'vectors', 'tags'] as const;
const OF_TRANSLATION = [
  'forward', 'backward', 'sourceLanguage', 'pivotLanguage', 'numBeams', 'temperature', 'maxNewTokens',
] as const; // biome-ignore format: one list

export function augmentCommand(): Command {
  return new Command('augment')
    .description('augment rows: replace, insert, swap or delete words (EDA), or back-translate')
    .argument('<rows>', 'JSON Lines, packed or not')
    .requiredOption('--out <file>', 'JSON Lines to write')
    .option('--overwrite', 'replace a file that is there already')
    .addOption(new Option('--method <name>', 'how').choices(['eda', 'back-translation']).default('eda'))
    .option('--column <name>', 'column of a text; may be given again (default: text)', collect)
    .option('--tags <name>', 'column of the tags of --column, which has a list of words')
    .option('--variants <n>', 'variants of a row (default: 9 by eda, 1 by back-translation)', positiveInteger)
    .option('--no-originals', 'write the variants alone')
    .option('--seed <n>', 'of all random choices', nonNegativeInteger, 0)
    .optionsGroup('EDA:')
    .option('--alpha <share>', 'words that are changed (default: 0.1)', number)
    .option('--operation <name>', 'synonym, insert, swap or delete; may be given again (default: all)', collect)
    .option('--synonyms <file>', 'a word and its synonyms a line, with tabs between them')
    .option('--vectors <path>', 'word vectors whose nearest words are synonyms: what `tslm vectors` reads')
    .optionsGroup('Back-translation:')
    .option('--forward <model>', 'folder of the model that translates into the other language')
    .option('--backward <model>', 'folder of the one that translates back (default: the same)')
    .option('--source-language <code>', 'of the texts, where a model knows several')
    .option('--pivot-language <code>', 'of the translations in between')
    .option('--num-beams <n>', 'beam search (default: texts are sampled)', positiveInteger)
    .option('--temperature <t>', 'of sampling (default: 1)', number)
    .option('--max-new-tokens <n>', 'length of a translation', positiveInteger)
    .option('--json', 'print the counts as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm augment reviews.jsonl --out more.jsonl --synonyms synonyms.txt --variants 4\n' +
        '  $ tslm augment names.jsonl --out more.jsonl --column tokens --tags tags --operation swap --operation delete\n' +
        '  $ tslm augment reviews.jsonl --out more.jsonl --method back-translation --forward models/opus-mt-en-zh --backward models/opus-mt-zh-en\n',
    )
    .action(async (rows: string, options: Options) => {
      refuseOptions(options);
      const { augmentRows } = await import('../data/augment/augment-rows.ts');
      const { createProgress } = await import('../support/progress.ts');
      const { writeAtomically, writeFully } = await import('../support/files.ts');
      const { readText } = await import('./read-text.ts');
      const augmenter = options.method === 'eda' ? await eda(options) : await backTranslation(options);
      const text = await readText(rows);
      const lines = text.replace(/^\ufeff/, '').split('\n');
      const progress = createProgress('augmenting', { total: lines.length, unit: ' rows' });
      const written = augmentRows(lines, rows, augmenter, {
        columns: options.column ?? ['text'],
        tags: options.tags,
        count: options.variants ?? (options.method === 'eda' ? 9 : 1),
        originals: options.originals,
        onRow: done => progress.update(done),
      });
      let report: AugmentReport | undefined;
      try {
        writeAtomically(options.out, fd => {
          for (;;) {
            const next = written.next();
            if (next.done) {
              report = next.value;
              return;
            }
            writeFully(fd, Buffer.from(`${next.value}\n`));
          }
        });
      } finally {
        progress.end();
      }
      const { seed, method, out } = options;
      if (options.json) return printJson({ out, method, seed, ...report });
      printTable([
        ['rows', String(report!.rows)],
        ['variants', String(report!.variants)],
        ['left out', `${report!.unchanged} that were their row itself`],
        ['written', `${report!.written} rows to ${out}`],
      ]);
    });
}

/** @throws UserError for options of the other method, and for a file that is there already */
function refuseOptions(options: Options): void {
  const { method, out, overwrite } = options;
  const others = method === 'eda' ? OF_TRANSLATION : OF_EDA;
  const other = others.find(name => options[name] !== undefined);
  if (other !== undefined) {
    const flag = `--${other.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
    throw usageError('TSLM_CONTRADICTION', `${flag} is not for the method '${method}'`, 'leave it out');
  }
  if (options.synonyms !== undefined && options.vectors !== undefined) {
    throw usageError('TSLM_CONTRADICTION', '--synonyms and --vectors are both given', 'leave one out');
  }
  if (options.numBeams !== undefined && options.temperature !== undefined) {
    throw usageError('TSLM_CONTRADICTION', '--temperature is for sampling, and --num-beams searches', 'leave one out');
  }
  if (existsSync(out) && !overwrite) {
    throw usageError('TSLM_OUTPUT_EXISTS', `${out}: there is a file already`, 'choose another --out, or --overwrite');
  }
}

async function eda({ alpha, operation, synonyms, vectors, seed }: Options): Promise<Augmenter> {
  const { z } = await import('zod');
  const { edaKeys, requireSynonyms } = await import('../data/augment/eda.ts');
  const { edaAugmenter } = await import('../data/augment/eda-augmenter.ts');
  const { lexiconOf, readSynonyms } = await import('../data/augment/lexicon.ts');
  const { parseOptions } = await import('../support/schema.ts');
  const chosen = parseOptions(z.strictObject(edaKeys), { alpha, operations: operation }, 'augment');
  const hint = 'give --synonyms or --vectors, or --operation swap and --operation delete';
  requireSynonyms(chosen.operations, synonyms !== undefined || vectors !== undefined, hint);
  if (synonyms !== undefined) return edaAugmenter({ ...chosen, seed, lexicon: lexiconOf(readSynonyms(synonyms)) });
  if (vectors === undefined) return edaAugmenter({ ...chosen, seed, lexicon: lexiconOf() });
  const { synonymsFromVectors } = await import('../vectors/synonyms.ts');
  return edaAugmenter({ ...chosen, seed, lexicon: lexiconOf(synonymsFromVectors(await openVectors(vectors))) });
}

async function backTranslation(options: Options): Promise<Augmenter> {
  const { forward, backward, sourceLanguage, pivotLanguage, numBeams, temperature, maxNewTokens, seed } = options;
  if (forward === undefined) {
    throw new UserError('TSLM_MISSING_OPTION', 'back-translation needs a model that translates', {
      hint: 'give its folder: --forward MODEL, and --backward MODEL to translate back',
      exitCode: 2,
    });
  }
  if (backward === undefined && (sourceLanguage === undefined || pivotLanguage === undefined)) {
    throw usageError(
      'TSLM_LANGUAGE',
      'one model for both ways has to be told the languages',
      'give --source-language and --pivot-language, or --backward MODEL',
    );
  }
  const { modelFolder } = await import('../models/auto.ts');
  const { loadForInference } = await import('../models/load-for-inference.ts');
  const { generationDefaults } = await import('../generate/config/model-defaults.ts');
  const { Tokenizer } = await import('../tokenizers/tokenizer.ts');
  const { backTranslationAugmenter } = await import('../tasks/back-translation.ts');
  const load = (path: string) => {
    const folder = modelFolder(path);
    const tokenizer = Tokenizer.fromFile(folder);
    const model = loadForInference(folder, { onNote: printNote });
    return { model, tokenizer, defaults: generationDefaults(folder, tokenizer) };
  };
  return backTranslationAugmenter({
    forward: load(forward),
    ...(backward !== undefined && { backward: load(backward) }),
    sourceLanguage,
    pivotLanguage,
    numBeams,
    temperature,
    maxNewTokens,
    seed,
  });
}
