/** SentencePiece's model files (`spiece.model`, `tokenizer.model`): a protocol buffer, read as far as it matters here. */
import { readFileSync } from 'node:fs';
import { namingFile } from '../../support/errors.ts';
import { malformed } from './tokenizer-json.ts';

export interface SentencePieceModel {
  pieces: { piece: string; score: number; type: number }[];
  isUnigram: boolean;
  byteFallback: boolean;
  unknownId: number;
  unknownPiece: string;
  charsMap: Buffer;
}

export const CONTROL = 3;
export const USER_DEFINED = 4;

const UNIGRAM = 1;
const BPE = 2;

/** @throws UserError when the file is no such model */
export function readSentencePieceModel(path: string): SentencePieceModel {
  const data = namingFile(path, () => readFileSync(path));
  const model: SentencePieceModel = {
    pieces: [],
    isUnigram: true,
    byteFallback: false,
    unknownId: 0,
    unknownPiece: '<unk>',
    charsMap: Buffer.alloc(0),
  };
  let kind = UNIGRAM;
  try {
    for (const { number, bytes } of fields(data)) {
      if (number === 1) model.pieces.push(readPiece(bytes));
      if (number === 2) {
        for (const field of fields(bytes)) {
          if (field.number === 3) kind = field.value;
          if (field.number === 35) model.byteFallback = field.value === 1;
          if (field.number === 40) model.unknownId = field.value;
          if (field.number === 45) model.unknownPiece = field.bytes.toString('utf8');
        }
      }
      if (number === 3) {
        for (const field of fields(bytes)) if (field.number === 2) model.charsMap = field.bytes;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw malformed(path, 'not a SentencePiece model, or cut off');
  }
  if (model.pieces.length === 0) throw malformed(path, 'not a SentencePiece model: it has no pieces');
  if (kind !== UNIGRAM && kind !== BPE)
    throw malformed(path, 'only Unigram and BPE models of SentencePiece are supported');
  model.isUnigram = kind === UNIGRAM;
  return model;
}

function readPiece(data: Buffer): SentencePieceModel['pieces'][number] {
  const piece = { piece: '', score: 0, type: 1 };
  for (const { number, value, bytes } of fields(data)) {
    if (number === 1) piece.piece = bytes.toString('utf8');
    if (number === 2) piece.score = bytes.readFloatLE(0);
    if (number === 3) piece.type = value;
  }
  return piece;
}

interface Field {
  number: number;
  /** Of a number. */
  value: number;
  /** Of everything else. */
  bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** The fields of a message in order. Throws a `RangeError` where it ends too early. */
function* fields(data: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = data.readUInt8(at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > data.length) throw new RangeError('a field beyond the end');
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (wire === 0) yield { number, value: varint(), bytes: EMPTY };
    else if (wire === 1) yield { number, value: 0, bytes: take(8) };
    else if (wire === 2) yield { number, value: 0, bytes: take(varint()) };
    else if (wire === 5) yield { number, value: 0, bytes: take(4) };
    else throw new RangeError('an unknown kind of field');
  }
}
