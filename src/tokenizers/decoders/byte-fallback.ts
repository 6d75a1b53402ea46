/** The decoder `ByteFallback` of tokenizer.json. */
import { isUtf8 } from 'node:buffer';
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { Decoder } from './decoder.ts';

/** Reads runs of tokens like `<0xE4>` as UTF-8; each byte of a run that is not UTF-8 becomes U+FFFD. */
export const createByteFallback: Factory<Decoder> = (config, where) => {
  parseConfig(bare('ByteFallback'), config, where);
  return {
    decode(tokens) {
      const decoded: string[] = [];
      let bytes: number[] = [];
      const flush = (): void => {
        const run = Buffer.from(bytes);
        if (isUtf8(run)) decoded.push(run.toString('utf8'));
        else for (const _ of bytes) decoded.push('\ufffd');
        bytes = [];
      };
      for (const token of tokens) {
        const byte = /^<0x([0-9a-fA-F]{2})>$/.exec(token);
        if (byte) {
          bytes.push(Number.parseInt(byte[1], 16));
        } else {
          if (bytes.length > 0) flush();
          decoded.push(token);
        }
      }
      if (bytes.length > 0) flush();
      return decoded;
    },
  };
};
