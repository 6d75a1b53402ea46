/** `tslm judge ANSWERS… --judge MODEL`: a model or a server compares answers in pairs, both ways round, and strengths follow. */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command, Option } from 'commander';
import type { Contestant, JudgeResult } from '../evaluate/judge/judge-answers.ts';
import type { EvaluatedModel } from '../evaluate/models/evaluated-model.ts';
import { usageError } from '../support/errors.ts';
import { createProgress } from '../support/progress.ts';
import { nonNegativeInteger, positiveInteger } from './options.ts';
import { printJson, printNote, printRows } from './print.ts';

interface Options {
  judge: string;
  prompts?: string;
  by?: 'likelihood' | 'text';
  criterion: string;
  applyChatTemplate?: boolean;
  tokenizer?: string;
  maxNewTokens: number;
  limit?: number;
  seed: number;
  device: string;
  out: string;
  json?: boolean;
}

const CRITERION = 'The better one does what is asked, is right, and is well written; length does not count.';

export function judgeCommand(): Command {
  return new Command('judge')
    .description(
      'compare answers in pairs with a model as the judge, in both orders: win rates and Bradley-Terry strengths',
    )
    .argument(
      '<answers...>',
      'two or more: files of JSON lines with prompt and answer, or models that answer --prompts; NAME=… names one',
    )
    .requiredOption('--judge <model>', 'folder of a model, or address of a server (http://HOST/v1)')
    .option('--prompts <file>', 'JSON lines with prompt, for models')
    .addOption(
      new Option(
        '--by <how>',
        'by how probable A and B are as the next word, or by what it writes (default: text for servers)',
      ).choices(['likelihood', 'text']),
    )
    .option('--criterion <text>', 'what makes an answer better', CRITERION)
    .option('--apply-chat-template', 'render prompts with the chat templates of models and judge')
    .option('--tokenizer <folder>', "of a server's model: for its chat template, and for --by likelihood")
    .option('--max-new-tokens <n>', 'that an answer or a reasoned verdict may have', positiveInteger, 256)
    .option('--limit <n>', 'only the first <n> prompts', positiveInteger)
    .option('--seed <n>', 'of the bootstrap', nonNegativeInteger, 1234)
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option(
      '--out <folder>',
      'for judge.json, judgements.jsonl and what was answered, which is not asked again',
      'judge',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm judge small=runs/small large=runs/large --prompts prompts.jsonl --judge models/Qwen3-0.6B --apply-chat-template\n' +
        '  $ tslm judge ours.jsonl theirs.jsonl --judge http://127.0.0.1:8000/v1\n',
    )
    .action(async (given: string[], options: Options) => {
      const { readColumn, requireSamePrompts } = await import('../evaluate/judge/read-answers.ts');
      const { judgeAnswers } = await import('../evaluate/judge/judge-answers.ts');
      const { makeFolder, writeFileAtomically, writeJson } = await import('../support/files.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device);
      const named = given.map(nameOf);
      if (given.length < 2)
        throw usageError('TSLM_MISSING_ARGUMENT', 'there is nothing to compare with', 'give two or more');
      if (new Set(named.map(({ name }) => name)).size < named.length) {
        throw usageError('TSLM_BAD_VALUE', 'two of them have the same name', 'name them: ours=a.jsonl theirs=b.jsonl');
      }
      const firstFile = named.find(({ isFile }) => isFile)?.path;
      const source = options.prompts ?? firstFile;
      if (source === undefined) {
        throw usageError(
          'TSLM_MISSING_OPTION',
          'models are given, and nothing that they answer',
          'give --prompts FILE',
        );
      }
      const prompts = readColumn(source, 'prompt').slice(0, options.limit);
      makeFolder(options.out);
      const contestants: Contestant[] = [];
      for (const { name, path, isFile } of named) {
        if (isFile) {
          requireSamePrompts(path, readColumn(path, 'prompt').slice(0, options.limit), prompts);
          contestants.push({ name, answers: readColumn(path, 'answer').slice(0, options.limit) });
        } else contestants.push({ name, answers: await answersOf(name, path, prompts, options) });
      }
      const { model: judge, isServer } = await openRemembered(options.judge, options);
      using _ = judge;
      const progress = createProgress('judging', { unit: ' requests' });
      const { by = isServer ? 'text' : 'likelihood', criterion, maxNewTokens, seed } = options;
      const result = await judgeAnswers(judge, prompts, contestants, {
        ...{ by, criterion, maxNewTokens, seed },
        chat: options.applyChatTemplate ?? false,
        onProgress: done => progress.update(done),
      });
      progress.end();
      const { judgements, ...rest } = result;
      const lines = judgements.map(
        one => `${JSON.stringify({ ...one, prompt: prompts[one.prompt], document: one.prompt })}\n`,
      );
      writeFileAtomically(join(options.out, 'judgements.jsonl'), lines.join(''));
      const facts = { judge: options.judge, by, criterion, prompts: prompts.length, ...rest };
      writeJson(join(options.out, 'judge.json'), facts);
      if (options.json) printJson(facts);
      else printResult(result, prompts.length, options.out);
    });
}

function nameOf(given: string): { name: string; path: string; isFile: boolean } {
  const [, label, place] = /^([^=/]+)=(.+)$/.exec(given) ?? [];
  const path = place ?? given;
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  return { name: label ?? basename(path).replace(/\.jsonl?(\.gz)?$/, ''), path, isFile };
}

/** A model whose answers are kept in the folder of the judging. */
async function openRemembered(
  name: string,
  { device, out, tokenizer }: Options,
): Promise<{ model: EvaluatedModel; isServer: boolean }> {
  const { openAnyModel } = await import('../evaluate/models/open-any.ts');
  const { remembered } = await import('../evaluate/models/remembered.ts');
  const isServer = /^https?:\/\//.test(name);
  const opened = await openAnyModel(name, {
    device: device as 'cpu',
    ...(isServer && { tokenizer }),
    apiKey: process.env.OPENAI_API_KEY,
    onNote: printNote,
  });
  const revision = `${await opened.revision()} ${opened.model.scoring}`;
  return {
    model: remembered(opened.model, join(out, 'answers.jsonl'), revision, { chunk: opened.chunk ?? 64 }),
    isServer,
  };
}

async function answersOf(name: string, path: string, prompts: readonly string[], options: Options): Promise<string[]> {
  const { model } = await openRemembered(path, options);
  using _ = model;
  if (options.applyChatTemplate && !model.applyChatTemplate) {
    throw usageError(
      'TSLM_NOT_SUPPORTED',
      `${path}: this model has no conversations`,
      'leave out --apply-chat-template',
    );
  }
  const progress = createProgress(`${name} answers`, { total: prompts.length, unit: ' prompts' });
  const asked = prompts.map(content => ({
    context: options.applyChatTemplate
      ? model.applyChatTemplate!([{ role: 'user', content }], { addGenerationPrompt: true })
      : content,
    until: options.applyChatTemplate ? [] : ['\n\n'],
    maxNewTokens: options.maxNewTokens,
    options: { do_sample: false, temperature: 0 },
  }));
  const answers = await model.generateUntil(asked, { onProgress: done => progress.update(done) });
  progress.end();
  return answers.map(answer => answer.trim());
}

function printResult({ standings, pairs, consistent, firstChosen }: JudgeResult, prompts: number, out: string): void {
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  printRows(
    [
      ['model', 'strength', '95 %', 'wins'],
      ...standings.map(({ name, strength, interval, winRate }) => [
        name,
        strength.toFixed(2),
        `${interval[0].toFixed(2)}–${interval[1].toFixed(2)}`,
        percent(winRate),
      ]),
    ],
    { right: [1, 3] },
  );
  process.stdout.write('\n');
  for (const { a, b, wins, losses, ties, p } of pairs) {
    const [better, worse, more, fewer] = wins >= losses ? [a, b, wins, losses] : [b, a, losses, wins];
    const said = p < 0.05 ? `${better} is better than ${worse}` : `${better} and ${worse} cannot be told apart`;
    process.stdout.write(
      `${said}: ${more} to ${fewer}, ${ties} undecided (p = ${p < 0.001 ? '< 0.001' : p.toFixed(3)})\n`.replace(
        '= <',
        '<',
      ),
    );
  }
  process.stdout.write(
    `\n${prompts} prompts. The judge chose the same answer both ways round in ${percent(consistent.share)}, ` +
      `and the one it read first in ${percent(firstChosen.share)} of its choices.\n\njudge  ${join(out, 'judge.json')}\n`,
  );
}
