/** Finds calls of functions in a text as it comes: what is said goes on as content, what is called as deltas of calls. */
import { randomBytes } from 'node:crypto';
import type { ToolFormat } from '../protocol.ts';
import { type CallScanner, createCallScanner } from './call-scanner.ts';

export type ChatDelta =
  | { content: string }
  /** The first of a call has its id and name. */
  | { call: { index: number; id?: string; name?: string; arguments: string } };

export interface ToolCallReader {
  push(text: string): ChatDelta[];
  /** The text is over: what was held back. */
  end(): ChatDelta[];
  /** Calls found so far. */
  readonly calls: number;
}

export interface ToolCallReaderOptions {
  /** `json`: the text was constrained to calls and is nothing else. */
  format: ToolFormat | 'json';
  /** Functions there are: a call of another one is text. */
  names: readonly string[];
}

/** What may stand before the first call of formats whose text is calls or none. */
const MARKS: Record<Exclude<ToolCallReaderOptions['format'], 'hermes'>, string> = {
  llama3: '<|python_tag|>',
  mistral: '[TOOL_CALLS]',
  json: '',
};

export const createToolCallReader = ({ format, names }: ToolCallReaderOptions): ToolCallReader =>
  format === 'hermes' ? taggedReader(names) : bareReader(MARKS[format], names, format === 'mistral' ? 9 : 24);

/** A call under way: says its name once it is complete and known, then its arguments as they come. */
function callWriter(index: number, names: readonly string[], idLength: number) {
  const scanner: CallScanner = createCallScanner();
  let isAnnounced = false;
  return {
    scanner,
    get isAnnounced() {
      return isAnnounced;
    },
    /** No call of a function that there is. */
    get isRefused() {
      const isOver = scanner.state !== 'reading';
      return (
        !isAnnounced &&
        ((scanner.name === undefined && isOver) || (scanner.name !== undefined && !names.includes(scanner.name)))
      );
    },
    deltas(): ChatDelta[] {
      const { name } = scanner;
      if (name === undefined || !names.includes(name)) return [];
      const text = scanner.takeArguments();
      if (isAnnounced) return text === '' ? [] : [{ call: { index, arguments: text } }];
      isAnnounced = true;
      return [{ call: { index, id: callId(idLength), name, arguments: text } }];
    },
  };
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Templates of Mistral's models take ids of nine letters and digits and no others. */
function callId(length: number): string {
  const letters = Array.from(randomBytes(length), byte => LETTERS[byte % LETTERS.length]).join('');
  return length === 9 ? letters : `call_${letters}`;
}

const OPEN = '<tool_call>';
const CLOSE = '</tool_call>';

function taggedReader(names: readonly string[]): ToolCallReader {
  let held = '';
  let calls = 0;
  let current: ReturnType<typeof callWriter> | undefined;
  /** After a call, before its closing tag. */
  let isClosing = false;
  let at = 0; // what the scanner has read of `held`
  let gap = ''; // white space before the tag, which is said if there is no call

  const leave = (rest: string): void => {
    held = rest;
    current = undefined;
    at = 0;
  };

  const advance = (isEnd: boolean): ChatDelta[] => {
    const deltas: ChatDelta[] = [];
    const say = (content: string): void => {
      if (content !== '') deltas.push({ content });
    };
    while (true) {
      if (isClosing) {
        const close = held.indexOf(CLOSE);
        const open = held.indexOf(OPEN);
        if (close < 0 && open < 0) return deltas;
        isClosing = false;
        held = open >= 0 && (close < 0 || open < close) ? held.slice(open) : held.slice(close + CLOSE.length);
      }
      if (!current) {
        const open = held.indexOf(OPEN);
        if (open < 0) {
          const kept = isEnd ? (calls > 0 && held.trim() === '' ? held.length : 0) : heldBack(held);
          say(held.slice(0, held.length - kept));
          held = held.slice(held.length - kept);
          return deltas;
        }
        const before = held.slice(0, open);
        say(before.trimEnd());
        gap = before.slice(before.trimEnd().length);
        held = held.slice(open);
        at = OPEN.length;
        current = callWriter(calls, names, 24);
      }
      at = current.scanner.read(held, at);
      deltas.push(...current.deltas());
      if (current.isAnnounced) calls = Math.max(calls, indexAfter(deltas, calls));
      if (current.isRefused) {
        // No call after all. The text goes on behind the tag, where another may be.
        say(gap + OPEN);
        leave(held.slice(OPEN.length));
      } else if (current.scanner.state !== 'reading') {
        isClosing = true;
        leave(held.slice(at));
      } else {
        if (isEnd && !current.isAnnounced) say(gap + held);
        if (isEnd) leave('');
        return deltas;
      }
    }
  };

  return {
    push(text) {
      held += text;
      return advance(false);
    },
    end: () => advance(true),
    get calls() {
      return calls;
    },
  };
}

const indexAfter = (deltas: readonly ChatDelta[], before: number): number =>
  deltas.reduce((most, delta) => ('call' in delta ? Math.max(most, delta.call.index + 1) : most), before);

/** Characters at the end that could be white space before a tag, and the beginning of one. */
function heldBack(text: string): number {
  let length = Math.min(OPEN.length - 1, text.length);
  while (length > 0 && !OPEN.startsWith(text.slice(text.length - length))) length--;
  const said = text.slice(0, text.length - length).trimEnd();
  return text.length - said.length;
}

function bareReader(mark: string, names: readonly string[], idLength: number): ToolCallReader {
  let held = '';
  let at = 0;
  let calls = 0;
  let mode: 'start' | 'call' | 'between' | 'content' = 'start';
  let current: ReturnType<typeof callWriter> | undefined;

  const advance = (isEnd: boolean): ChatDelta[] => {
    const deltas: ChatDelta[] = [];
    const giveUp = (): ChatDelta[] => {
      mode = 'content';
      if (held !== '') deltas.push({ content: held });
      held = '';
      return deltas;
    };
    while (true) {
      if (mode === 'content') return giveUp();
      if (mode === 'start') {
        const text = held.trimStart();
        if (!isEnd && (text === '' || (mark !== '' && text.length < mark.length && mark.startsWith(text))))
          return deltas;
        const body = mark !== '' && text.startsWith(mark) ? text.slice(mark.length) : text;
        const begin = /^\s*\[?\s*/.exec(body)![0].length;
        if (begin === body.length && !isEnd) return deltas;
        if (body[begin] !== '{') return giveUp();
        at = held.length - body.length + begin;
        mode = 'call';
      }
      if (mode === 'between') {
        const begin = /^[\s,;\]]*/.exec(held)![0].length;
        if (begin === held.length) return deltas; // separators, or the end: nothing that is said
        if (held[begin] !== '{') return giveUp();
        at = begin;
        mode = 'call';
      }
      current ??= callWriter(calls, names, idLength);
      at = current.scanner.read(held, at);
      deltas.push(...current.deltas());
      calls = indexAfter(deltas, calls);
      if (current.isRefused) return giveUp();
      if (current.scanner.state === 'reading') {
        return isEnd && !current.isAnnounced ? giveUp() : deltas;
      }
      held = held.slice(at);
      current = undefined;
      mode = 'between';
    }
  };

  return {
    push(text) {
      held += text;
      return advance(false);
    },
    end: () => advance(true),
    get calls() {
      return calls;
    },
  };
}
