/** `tslm chat MODEL`: a conversation in the terminal, streamed; lines of a pipe are answered one after the other. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { OpenModel } from '../library/open.ts';
import { messageOf, UserError, usageError } from '../support/errors.ts';
import type { ChatMessage } from '../tokenizers/chat/chat.ts';
import {
  type InferenceTypeName,
  inferenceTypeOf,
  inferenceTypeOption,
  nonNegativeInteger,
  number,
  positiveInteger,
} from './options.ts';
import { wantsColour } from './tokenizer/compare.ts';

interface Options {
  system?: string;
  temperature?: number;
  topP?: number;
  maxTokens: number;
  seed?: number;
  adapter?: string;
  dtype: InferenceTypeName;
}

const HELP = `/help             this list
/system TEXT      what the model is told first; without a text: nothing any more
/undo             take back the last question and its answer
/retry            another answer to the last question
/clear            begin anew
/save FILE        write the conversation as JSON
/set KEY VALUE    temperature, topP, maxTokens or seed
/quit             leave, as Ctrl-D does
A line that ends with \\ goes on in the next; """ begins and ends a text of many lines. Ctrl-C ends an answer.`;

export function chatCommand(): Command {
  return new Command('chat')
    .description('chat with a model in the terminal')
    .argument('<model>', 'folder of a model with a chat template, or its name on the hub')
    .option('--system <text>', 'system prompt')
    .option('--temperature <t>', '0: always the most probable token', number)
    .option('--top-p <p>', 'draw from the most probable tokens that make up so much', number)
    .option('--max-tokens <n>', 'most tokens of an answer', positiveInteger, 1024)
    .option('--seed <n>', 'the same seed, the same answers', nonNegativeInteger)
    .option('--adapter <folder>', 'an adapter over the model')
    .addOption(inferenceTypeOption())
    .addHelpText(
      'after',
      `\nIn the conversation:\n${HELP.replace(/^/gm, '  ')}\n\nExample:\n  $ tslm chat Qwen/Qwen3-0.6B --system "Answer briefly."\n`,
    )
    .action(chat);
}

async function chat(path: string, options: Options): Promise<void> {
  const { open } = await import('../library/open.ts');
  process.stderr.write(`loading ${path} …\n`);
  await using model = await open(path, { dtype: inferenceTypeOf(options.dtype) });
  if (!model.card.abilities.includes('generate')) {
    throw usageError(
      'TSLM_NOT_ABLE',
      `${path}: this ${model.card.modelType} model does not generate text`,
      'take a decoder',
    );
  }
  if (!model.card.hasChatTemplate) {
    const hint = '`tslm generate` continues texts; `tslm finetune` makes a chat model of conversations';
    throw usageError('TSLM_NO_CHAT_TEMPLATE', `${path}: the model has no chat template`, hint);
  }
  if (options.adapter !== undefined) await model.loadAdapter('adapter', options.adapter);
  await converse(model, options);
}

async function converse(model: OpenModel, options: Options): Promise<void> {
  const isTerminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  const settings: Record<string, number | undefined> = {
    temperature: options.temperature,
    topP: options.topP,
    maxTokens: options.maxTokens,
    seed: options.seed,
  };
  let system = options.system;
  let messages: ChatMessage[] = [];
  const colour = (code: number, text: string): string => (wantsColour() ? `\x1b[${code}m${text}\x1b[0m` : text);
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const history = isTerminal ? readHistory() : [];
  const lines = createInterface({
    input: process.stdin,
    output: isTerminal ? process.stdout : undefined,
    terminal: isTerminal,
    prompt: colour(36, '> '),
    history,
    historySize: 1000,
    removeHistoryDuplicates: true,
  });
  let answering: AbortController | undefined;
  lines.on('SIGINT', () => {
    if (answering) answering.abort();
    else lines.close();
  });

  async function answer(): Promise<void> {
    answering = new AbortController();
    const { signal } = answering;
    const prompt = [...(system ? [{ role: 'system', content: system }] : []), ...messages];
    let text = '';
    try {
      const adapter = options.adapter === undefined ? undefined : 'adapter';
      for await (const piece of model.stream(prompt, { ...settings, adapter, signal })) {
        text += piece;
        process.stdout.write(piece);
      }
    } catch (error) {
      if (!signal.aborted) {
        // The question is taken back: the conversation goes on without it.
        messages.pop();
        if (!(error instanceof UserError)) throw error;
        note(`tslm: ${error.message}${error.hint === undefined ? '' : `\n  → ${error.hint}`}`);
        return;
      }
    } finally {
      answering = undefined;
    }
    process.stdout.write('\n');
    messages.push({ role: 'assistant', content: text });
  }

  const commands: Record<string, (rest: string) => Promise<void> | void> = {
    help: () => note(HELP),
    system(rest) {
      system = rest === '' ? undefined : rest;
    },
    undo() {
      messages = messages.slice(
        0,
        messages.findLastIndex(({ role }) => role === 'user'),
      );
    },
    async retry() {
      const last = messages.findLastIndex(({ role }) => role === 'user');
      if (last < 0) return note('there is no question yet');
      messages = messages.slice(0, last + 1);
      await answer();
    },
    clear() {
      messages = [];
    },
    save(rest) {
      if (rest === '') return note('/save needs the name of a file');
      const all = [...(system ? [{ role: 'system', content: system }] : []), ...messages];
      writeFileSync(rest, `${JSON.stringify({ messages: all }, null, 2)}\n`);
      note(`written: ${rest}`);
    },
    set(rest) {
      const [key, value] = rest.split(/\s+/);
      if (!(key in settings) || !Number.isFinite(Number(value)))
        return note(`/set takes ${Object.keys(settings).join(', ')} and a number`);
      settings[key] = Number(value);
    },
    quit: () => lines.close(),
  };

  async function act(text: string): Promise<void> {
    const [, name, rest] = text.match(/^\/(\w+)\s*([\s\S]*)$/) ?? [];
    try {
      if (name === undefined) {
        messages.push({ role: 'user', content: text });
        await answer();
      } else if (Object.hasOwn(commands, name)) await commands[name](rest.trim());
      else note(`there is no /${name}: /help lists the commands`);
    } catch (error) {
      if (name === undefined) throw error;
      note(`/${name}: ${messageOf(error)}`);
    }
  }

  if (isTerminal) note(`${model.card.id}: /help lists the commands, Ctrl-D leaves`);
  const reader = createReader();
  lines.prompt();
  for await (const line of lines) {
    const text = reader(line);
    if (text !== undefined && text.trim() !== '') await act(text);
    lines.setPrompt(text === undefined ? colour(36, '… ') : colour(36, '> '));
    if (isTerminal) lines.prompt();
  }
  if (isTerminal) {
    writeHistory(history);
    process.stdout.write('\n');
  }
}

/** Puts lines together: after `\` and between `"""` a text goes on. Undefined while it does. */
export function createReader(): (line: string) => string | undefined {
  let parts: string[] = [];
  let isQuoted = false;
  return line => {
    const quote = line.trim();
    if (!isQuoted && parts.length === 0 && quote.startsWith('"""')) {
      const inner = quote.slice(3);
      if (inner.endsWith('"""')) return inner.slice(0, -3);
      isQuoted = true;
      parts = inner === '' ? [] : [inner];
      return undefined;
    }
    if (isQuoted) {
      if (!quote.endsWith('"""')) {
        parts.push(line);
        return undefined;
      }
      const last = quote.slice(0, -3);
      const text = [...parts, ...(last === '' ? [] : [last])].join('\n');
      parts = [];
      isQuoted = false;
      return text;
    }
    if (line.endsWith('\\')) {
      parts.push(line.slice(0, -1));
      return undefined;
    }
    const text = [...parts, line].join('\n');
    parts = [];
    return text;
  };
}

const historyFile = (): string =>
  join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'tslm', 'chat-history');

/** What was asked before, the latest first. */
function readHistory(): string[] {
  const path = historyFile();
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).reverse() : [];
}

/** A conversation does not fail for want of its history. */
function writeHistory(history: readonly string[]): void {
  try {
    mkdirSync(dirname(historyFile()), { recursive: true, mode: 0o700 });
    writeFileSync(historyFile(), `${[...history].reverse().join('\n')}\n`, { mode: 0o600 });
  } catch (error) {
    process.stderr.write(`note: the history was not kept: ${messageOf(error)}\n`);
  }
}
