/**
 * Reads one call, `{"name": "f", "arguments": {…}}`, as it is written: the name as soon as it is there, arguments piece by
 * piece as they stand in the text. Llama calls the second key `parameters`; other keys are passed over.
 */

export interface CallScanner {
  /** Reads on from `at`; returns where it stopped: at the end of the text, or where the call is over. */
  read(text: string, at: number): number;
  readonly state: 'reading' | 'done' | 'broken';
  readonly name: string | undefined;
  /** Text of the arguments that has come since this was last asked. */
  takeArguments(): string;
}

type Phase = 'open' | 'key' | 'inKey' | 'colon' | 'value' | 'inString' | 'inNested' | 'inScalar' | 'comma';

const isSpace = (char: string): boolean => char === ' ' || char === '\n' || char === '\t' || char === '\r';

export function createCallScanner(): CallScanner {
  let phase: Phase = 'open';
  let state: CallScanner['state'] = 'reading';
  let key = '';
  /** The key or value that is being read, as it stands; of nested arguments what has not been taken yet. */
  let raw = '';
  let depth = 0;
  let isQuoted = false;
  let isEscaped = false;
  let name: string | undefined;
  let ready = '';
  let hasArguments = false;

  const isArguments = (): boolean => key === 'arguments' || key === 'parameters';

  const endValue = (isText: boolean): void => {
    phase = 'comma';
    if (isArguments()) {
      hasArguments = true;
      // Arguments inside of a string are what the string says.
      ready += isText ? ((parse(raw) as string | undefined) ?? '') : raw;
    } else if (key === 'name') {
      const value = parse(raw);
      if (typeof value === 'string') name = value;
      else state = 'broken';
    }
    raw = '';
  };

  const step = (char: string): void => {
    switch (phase) {
      case 'open':
        if (char === '{') phase = 'key';
        else if (!isSpace(char)) state = 'broken';
        return;
      case 'key':
        if (char === '"') {
          phase = 'inKey';
          raw = char;
        } else if (char === '}') state = 'done';
        else if (!isSpace(char)) state = 'broken';
        return;
      case 'inKey':
        raw += char;
        if (!closesString(char)) return;
        key = String(parse(raw));
        phase = 'colon';
        return;
      case 'colon':
        if (char === ':') phase = 'value';
        else if (!isSpace(char)) state = 'broken';
        return;
      case 'value':
        if (isSpace(char)) return;
        raw = char;
        if (char === '"') phase = 'inString';
        else if (char === '{' || char === '[') {
          phase = 'inNested';
          depth = 1;
        } else phase = 'inScalar';
        return;
      case 'inString':
        raw += char;
        if (closesString(char)) endValue(true);
        return;
      case 'inNested':
        raw += char;
        if (isQuoted) {
          if (closesString(char)) isQuoted = false;
        } else if (char === '"') isQuoted = true;
        else if (char === '{' || char === '[') depth++;
        else if ((char === '}' || char === ']') && --depth === 0) endValue(false);
        return;
      case 'inScalar':
        if (char === ',' || char === '}' || isSpace(char)) {
          endValue(false);
          step(char);
        } else raw += char;
        return;
      case 'comma':
        if (char === ',') phase = 'key';
        else if (char === '}') state = 'done';
        else if (!isSpace(char)) state = 'broken';
    }
  };

  /** Inside of a string: whether this quote ends it. */
  const closesString = (char: string): boolean => {
    if (isEscaped) {
      isEscaped = false;
      return false;
    }
    isEscaped = char === '\\';
    return char === '"';
  };

  return {
    read(text, at) {
      let i = at;
      while (i < text.length && state === 'reading') step(text[i++]);
      if (state === 'done' && !hasArguments) ready = '{}';
      return state === 'broken' ? i - 1 : i;
    },
    get state() {
      return state;
    },
    get name() {
      return name;
    },
    takeArguments() {
      if (phase === 'inNested' && isArguments() && state === 'reading') {
        hasArguments = true;
        ready += raw;
        raw = '';
      }
      const taken = ready;
      ready = '';
      return taken;
    },
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
