/** Decoding token by token: text comes out as soon as it ends on a complete character. */

/** Turns ids that arrive one at a time into text. */
export interface DecodeStream {
  /** The text that `id` completes; empty while a character is incomplete. */
  push(id: number): string;
  /** What is left, incomplete characters as U+FFFD. */
  end(): string;
}

/** Bytes of UTF-8 that an incomplete character can wait for, and so the most tokens that it can wait in. */
const LONGEST_WAIT = 8;

/**
 * For decoders that look at the tokens before (a first space that is stripped, say): decodes the last tokens together
 * with the ones before them, and gives what is new.
 */
export function createDecodeStream(decode: (ids: number[]) => string): DecodeStream {
  let context: number[] = [];
  let pending: number[] = [];
  const next = (isLast: boolean): string => {
    const before = decode(context);
    const text = decode([...context, ...pending]);
    const mayWait = pending.length < LONGEST_WAIT;
    if (!isLast && text.endsWith('\ufffd') && mayWait) return '';
    if (!isLast && text.length <= before.length) {
      // Tokens that leave no text, such as skipped ones, must not be decoded again with each that follows.
      if (!mayWait) {
        if (context.length === 0) context = pending;
        pending = [];
      }
      return '';
    }
    // A first token that leaves no text of its own stays in the context of the next.
    if (pending.length > 0) context = before === '' ? [...context, ...pending] : pending;
    pending = [];
    return text.slice(before.length);
  };
  return {
    push(id) {
      pending.push(id);
      return next(false);
    },
    end: () => next(true),
  };
}

/** For byte-level tokens, which decode alike wherever they stand. */
export function createByteStream(bytesOf: (id: number) => Uint8Array): DecodeStream {
  let pending: Uint8Array[] = [];
  const flush = (bytes: Buffer): string => {
    pending = [];
    return bytes.toString('utf8');
  };
  return {
    push(id) {
      pending.push(bytesOf(id));
      const bytes = Buffer.concat(pending);
      return endsInsideCharacter(bytes) ? '' : flush(bytes);
    },
    end: () => flush(Buffer.concat(pending)),
  };
}

/** Whether the last bytes are the beginning of a UTF-8 sequence that is not finished. */
function endsInsideCharacter(bytes: Uint8Array): boolean {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return false;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2);
  }
  return false;
}
