/** `tslm tokenizer`: the group of its subcommands. */
import { Command, Option } from 'commander';
import { usageError } from '../../support/errors.ts';
import { formatBytes, formatDuration } from '../../support/format.ts';
import { createProgress } from '../../support/progress.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { KINDS } from '../../tokenizers/training/kinds.ts';
import { nonNegativeInteger, positiveInteger } from '../options.ts';
import { printJson, printNote, printTable } from '../print.ts';
import { ENCODING_HELP, noteDecision, readText } from '../read-text.ts';

/** `tslm tokenizer …`: makes tokenizers, applies them and looks into them. */
export function tokenizerCommand(): Command {
  return new Command('tokenizer')
    .description('train, apply, inspect and compare tokenizers')
    .addCommand(trainCommand())
    .addCommand(encodeCommand())
    .addCommand(decodeCommand())
    .addCommand(inspectCommand())
    .addCommand(compareCommand())
    .addHelpText('after', '\nExample:\n  $ tslm tokenizer train book.txt --out tokenizers/book\n');
}

const jsonOption = () => new Option('--json', 'print the result as JSON');
const WHERE = 'tokenizer.json, or a folder that holds one';

function trainCommand(): Command {
  return new Command('train')
    .description("train a tokenizer on texts, in Hugging Face's format")
    .argument('<input...>', 'text files, .gz and .zst too; - is standard input')
    .option('--encoding <name>', ENCODING_HELP, 'auto')
    .requiredOption('--out <dir>', 'folder for tokenizer.json and tokenizer_config.json')
    .addOption(
      new Option(
        '--kind <kind>',
        'bpe: over bytes; wordpiece: BERT; unigram: T5; llama-bpe: with bytes as a last resort',
      )
        .choices([...KINDS, 'byte-bpe'])
        .default('bpe')
        .conflicts('like'),
    )
    .option('--like <tokenizer>', `another tokenizer, for a new vocabulary: ${WHERE}`)
    .option('--vocab-size <n>', 'tokens in all, at most', positiveInteger, 8192)
    .option(
      '--min-frequency <n>',
      'pairs, words or characters that are rarer get no token (default: 2)',
      nonNegativeInteger,
    )
    .option('--special <token...>', 'special tokens, which get the first ids (default: those of the kind)')
    .option('--sentinels <n>', "T5's <extra_id_0>, <extra_id_1>, … for span corruption; 100 are usual", positiveInteger)
    .addOption(new Option('--split <pattern>', 'bpe: how text is split before merging').choices(['gpt2', 'gpt4']))
    .option('--no-lowercase', 'wordpiece: keep upper and lower case apart')
    .option('--limit-alphabet <n>', 'characters that get a token of their own, at most', positiveInteger)
    .option('--initial-alphabet <characters>', 'characters that get a token even where they do not occur')
    .option('--continuing-subword-prefix <text>', 'what tokens begin with that do not begin a word')
    .option('--end-of-word-suffix <text>', 'what tokens end with that end a word (with --like)')
    .option('--max-token-length <n>', 'merged tokens have fewer characters', positiveInteger)
    .option('--byte-fallback', 'unigram: tokens of all bytes, for characters without a token')
    .option('--no-byte-fallback', 'llama-bpe: unknown tokens rather than bytes')
    .option('--threads <n>', 'threads (default: one a processor)', positiveInteger)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm tokenizer train books/*.txt.gz --vocab-size 16384 --out tokenizers/books\n',
    )
    .action(
      async (
        inputs: string[],
        { out, json, special, kind, like, lowercase, initialAlphabet, encoding, ...options },
      ) => {
        const { readTexts } = await import('../../tokenizers/training/read-texts.ts');
        const { trainTokenizer } = await import('../../tokenizers/training/train.ts');
        const start = performance.now();
        const reading = createProgress('counting', { unit: 'B' });
        const merging = createProgress('merging', { unit: ' tokens', total: options.vocabSize });
        const pruning = createProgress('pruning', { unit: ' pieces' });
        let bytes = 0;
        const { writeFolder } = await import('../../support/write-folder.ts');
        const texts = readTexts(inputs, {
          encoding,
          onDecision: noteDecision,
          onBytes: count => {
            bytes += count;
            reading.update(bytes);
          },
        });
        const train = async (folder: string): Promise<Tokenizer> => {
          const tokenizer = await trainTokenizer(texts, {
            ...options,
            ...(like === undefined ? { kind } : { like: (await open(like)).toJSON() }),
            // Only the choice that differs from the default, which other kinds do not know.
            lowercase: lowercase === false ? false : undefined,
            initialAlphabet: initialAlphabet === undefined ? undefined : [...initialAlphabet],
            specialTokens: special,
            onProgress: ({ stage, done }) => {
              if (stage === 'merging') merging.update(done);
              if (stage === 'pruning') pruning.update(done);
            },
          });
          merging.end();
          tokenizer.save(folder);
          return tokenizer;
        };
        const tokenizer = await writeFolder(out, train, { merge: true });
        const seconds = (performance.now() - start) / 1000;
        const { vocabSize } = tokenizer;
        // Characters and words are as many as there are.
        if (!json && vocabSize < options.vocabSize && kind !== 'char') {
          printNote(`the text gives a vocabulary of ${vocabSize} tokens; ${options.vocabSize} were asked for`);
        }
        if (json) return printJson({ directory: out, vocabSize, asked: options.vocabSize, bytes, seconds });
        printTable([
          ['tokenizer', out],
          ['vocabulary', `${tokenizer.vocabSize} tokens`],
          ['read', `${formatBytes(bytes)}, trained in ${formatDuration(seconds)}`],
        ]);
      },
    );
}

function encodeCommand(): Command {
  return new Command('encode')
    .description('turn text into ids')
    .argument('<tokenizer>', WHERE)
    .argument('[text]', 'default: standard input')
    .option('--no-special', 'put no special tokens around the text')
    .option('--tokens', 'one line a token: id, characters of the text, token')
    .addOption(new Option('--json', 'print ids, tokens and offsets as JSON'))
    .addHelpText('after', '\nExample:\n  $ tslm tokenizer encode tokenizers/books "It was a dark night." --tokens\n')
    .action(async (path: string, text: string | undefined, { special, tokens, json }) => {
      const tokenizer = await open(path);
      const encoding = tokenizer.encode(text ?? (await readText('-')), { addSpecialTokens: special });
      const { tokenTexts } = await import('../../tokenizers/decode/token-text.ts');
      const texts = tokenTexts(tokenizer, encoding.ids);
      if (json) return printJson({ ids: encoding.ids, tokens: texts, offsets: encoding.offsets });
      if (!tokens) return console.log(encoding.ids.join(' '));
      for (const [i, id] of encoding.ids.entries()) {
        const range = encoding.offsets[i].join('–');
        console.log(`${String(id).padStart(7)}  ${range.padStart(9)}  ${JSON.stringify(texts[i])}`);
      }
    });
}

function decodeCommand(): Command {
  return new Command('decode')
    .description('turn ids into text')
    .argument('<tokenizer>', WHERE)
    .argument('[ids...]', 'default: standard input', (text, ids: number[] = []) => [...ids, nonNegativeInteger(text)])
    .option('--skip-special', 'leave special tokens out')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ tslm tokenizer decode tokenizers/books 40 373 257\n')
    .action(async (path: string, given: number[], { skipSpecial, json }) => {
      const tokenizer = await open(path);
      const ids =
        given.length > 0
          ? given
          : (await readStdin())
              .split(/[\s,]+/)
              .filter(Boolean)
              .map(nonNegativeInteger);
      const text = tokenizer.decode(ids, { skipSpecialTokens: skipSpecial });
      if (json) printJson({ text });
      else console.log(text);
    });
}

function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what a tokenizer is made of')
    .argument('<tokenizer>', WHERE)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ tslm tokenizer inspect tokenizers/books\n')
    .action(async (path: string, { json }) => {
      const { inspectTokenizer } = await import('../../tokenizers/inspect.ts');
      const facts = inspectTokenizer(await open(path));
      if (json) return printJson(facts);
      printTable([
        ['vocabulary', `${facts.vocabSize} tokens`],
        ...Object.entries(facts.components).map(([name, type]) => [name.replace('_', '-'), type ?? '–'] as const),
        ...Object.entries(facts.specialTokens).map(
          ([name, token]) => [name, `${token.content} (${token.id})`] as const,
        ),
        ['longest', facts.longestTokens.map(token => JSON.stringify(token)).join(' ')],
      ]);
    });
}

function compareCommand(): Command {
  return new Command('compare')
    .description('compare tokenizers on a text: tokens, and where they split')
    .argument('<tokenizer...>', WHERE)
    .option('--text <file>', 'text file, .gz and .zst too; - is standard input')
    .option('--encoding <name>', ENCODING_HELP, 'auto')
    .addOption(new Option('--string <text>', 'a text; all of it is shown, cut').conflicts('text'))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ tslm tokenizer compare tokenizers/a tokenizers/b --text held-out.txt\n')
    .action(async (paths: string[], { text, string, encoding, json }) => {
      if (text === undefined && string === undefined) {
        throw usageError(
          'TSLM_MISSING_OPTION',
          'nothing to compare the tokenizers on',
          'give --text FILE or --string TEXT',
        );
      }
      const { readTexts } = await import('../../tokenizers/training/read-texts.ts');
      const { compareTokenizers, segmentText } = await import('../../tokenizers/compare.ts');
      const tokenizers = await Promise.all(paths.map(open));
      let sample: string = string ?? '';
      async function* texts(): AsyncGenerator<string> {
        for await (const part of string === undefined
          ? readTexts([text], { encoding, onDecision: noteDecision })
          : [string]) {
          // Of a file, the beginning of its first line that is not blank is shown.
          if (sample === '') sample = [...(/\S.*/.exec(part)?.[0] ?? '')].slice(0, SAMPLE_LENGTH).join('');
          yield part;
        }
      }
      const scores = await compareTokenizers(tokenizers, texts());
      const segments = tokenizers.map(tokenizer => segmentText(tokenizer, sample));
      if (json) {
        const rows = scores.map((score, i) => ({ tokenizer: paths[i], ...score, segments: segments[i] }));
        return printJson({ text, string, sample, tokenizers: rows });
      }
      const { comparisonTables, shortNames, wantsColour } = await import('./compare.ts');
      const { segmentLines } = await import('./segments.ts');
      const names = shortNames(paths);
      for (const line of comparisonTables(names, scores)) console.log(line);
      if (sample === '') return;
      const cuts = names.map((name, i) => ({ name, segments: segments[i] }));
      console.log();
      const layout = { colour: wantsColour(), columns: process.stdout.columns };
      for (const line of segmentLines(sample, cuts, layout)) console.log(line);
    });
}

/** Characters of a file that are shown, cut. */
const SAMPLE_LENGTH = 160;

async function open(path: string): Promise<Tokenizer> {
  const { Tokenizer } = await import('../../tokenizers/tokenizer.ts');
  return Tokenizer.fromFile(path);
}

async function readStdin(): Promise<string> {
  const { text } = await import('node:stream/consumers');
  return text(process.stdin);
}
