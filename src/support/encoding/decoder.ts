/** Decoders of the WHATWG Encoding Standard. Node.js 20 reads windows-1252 as ISO-8859-1, so that one is made here. */

export interface TextStreamDecoder {
  /** Canonical name. */
  readonly encoding: string;
  /** The text of the bytes; with `stream`, a character that they end in the middle of waits for the next bytes. */
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

/** What windows-1252 has in place of the control characters 80 to 9F; unassigned ones stay. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** @throws RangeError for a label that is not in the standard */
export function createDecoder(label: string): TextStreamDecoder {
  const decoder = new TextDecoder(label);
  if (decoder.encoding !== 'windows-1252') return decoder;
  return {
    encoding: 'windows-1252',
    decode: (bytes = new Uint8Array(0)) =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        .toString('latin1')
        .replace(/[\u0080-\u009f]/g, control => WINDOWS_1252[control.charCodeAt(0) - 0x80]),
  };
}
