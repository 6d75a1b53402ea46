/** `tslm score MODEL`: how probable a model finds a text, token by token. */
import { Command, Option } from 'commander';
import { usageError } from '../support/errors.ts';
import { collect, positiveInteger } from './options.ts';
import { printJson, printNote, printTable } from './print.ts';
import { ENCODING_HELP, readText } from './read-text.ts';

interface Options {
  text?: string[];
  file?: string;
  encoding: string;
  input?: string[];
  topK?: number;
  stride?: number;
  masked?: boolean;
  device: string;
  json?: boolean;
}

export function scoreCommand(): Command {
  return new Command('score')
    .description('log-probability of a text, token by token')
    .argument('<model>', 'folder of a model or of a run')
    .addOption(new Option('--text <text>', 'text to score; may be repeated').argParser(collect).conflicts('file'))
    .option('--file <file>', 'score the text of a file; - is standard input')
    .option('--encoding <name>', ENCODING_HELP, 'auto')
    .option('--input <text>', 'what an encoder–decoder answers with the text; as often as --text', collect)
    .option('--top-k <k>', 'show the k most probable tokens at each position', positiveInteger)
    .option(
      '--stride <tokens>',
      'over long texts, how far the window moves on (default: half the context)',
      positiveInteger,
    )
    .option('--masked', 'each token given all others: of a decoder that was trained by masked-next-token')
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--json', 'print total, tokens, perplexity and bits per byte as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm score models/gpt2 --text "The cat sat on the mat." --top-k 3\n' +
        '  $ tslm score models/opus-mt-en-de --input "The cat is asleep." --text "Die Katze schläft."\n',
    )
    .action(async (path: string, options: Options) => {
      if (!options.text && options.file === undefined && process.stdin.isTTY) {
        throw usageError('TSLM_NO_TEXT', 'no text given', 'for example --text "Once upon a time"');
      }
      const texts = options.text ?? [await readText(options.file, { encoding: options.encoding })];
      const { loadCompleteModel, modelFolder } = await import('../models/auto.ts');
      const { scoreText } = await import('../generate/scoring/score-text.ts');
      const { Tokenizer } = await import('../tokenizers/tokenizer.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device);
      const folder = modelFolder(path);
      const tokenizer = Tokenizer.fromFile(folder);
      const model = loadCompleteModel(folder, { device: options.device, onNote: printNote });
      const { topK, stride, masked, input: sources } = options;
      const results = scoreText(model, tokenizer, texts, { topK, stride, masked, sources });
      if (options.json) {
        printJson({ model: folder, results });
        return;
      }
      for (const { logProb, perplexity, bitsPerByte, bitsPerCharacter, bytes, unknown, tokens } of results) {
        const shown = (token: string): string => JSON.stringify(token);
        printTable(
          tokens.map(({ token, logProb, top = [] }) => [
            shown(token),
            [logProb.toFixed(4), ...top.map(one => `${shown(one.token)} ${one.logProb.toFixed(2)}`)].join('  '),
          ]),
        );
        process.stdout.write('\n');
        printTable([
          ['log-probability', `${logProb.toFixed(4)} (${tokens.length} tokens, ${bytes} bytes)`],
          ['perplexity', perplexity.toFixed(2)],
          ...(unknown > 0 ? ([['unknown', `${unknown} tokens, charged by their bytes`]] as const) : []),
          ['bits per byte', `${bitsPerByte.toFixed(4)} (${bitsPerCharacter.toFixed(4)} per character)`],
        ]);
        if (results.length > 1) process.stdout.write(`${'─'.repeat(40)}\n`);
      }
    });
}
