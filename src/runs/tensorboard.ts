/**
 * TensorBoard event files: scalars and texts.
 *
 * Framing: TFRecord, `uint64 length, uint32 crc(length), bytes, uint32 crc(bytes)`, little-endian, with masked CRC-32C
 * (tensorflow/core/lib/io/record_writer.h). Content: protocol buffers, tensorflow.Event (tensorflow/core/util/event.proto,
 * framework/summary.proto, framework/tensor.proto). Only the dozen fields written here are encoded, so by hand.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { namingFile } from '../support/errors.ts';
import { makeFolder, writeFully } from '../support/files.ts';

export interface EventWriter {
  /** The file being written. */
  readonly path: string;
  /** One point of the curve `tag`; a tag such as `loss/train` is shown in the group `loss`. Kept as float32. */
  scalar(tag: string, value: number, step: number): void;
  /** A text, shown as Markdown. */
  text(tag: string, text: string, step: number): void;
  /** Forces everything to the disk. */
  sync(): void;
  close(): void;
}

let filesOfProcess = 0;

/**
 * Begins an event file in `directory`. Everything is written at once, so that TensorBoard shows a run while it lasts.
 *
 * @param options.resumeStep the step of the checkpoint from which a run goes on: TensorBoard then drops later points that
 *   older files in the directory hold
 */
export function createEventWriter(directory: string, { resumeStep }: { resumeStep?: number } = {}): EventWriter {
  const seconds = Math.floor(Date.now() / 1000);
  const path = join(directory, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${filesOfProcess++}`);
  const fd = namingFile(directory, () => {
    makeFolder(directory);
    return openSync(path, 'ax');
  });
  const event = (step: number, ...content: Uint8Array[]): void => {
    const written = record(message(double(1, Date.now() / 1000), varint(2, step), ...content));
    namingFile(path, () => writeFully(fd, written));
  };
  const summary = (step: number, tag: string, ...value: Uint8Array[]): void =>
    event(step, bytes(5, bytes(1, message(bytes(1, utf8(tag)), ...value))));

  event(0, bytes(3, utf8('brain.Event:2')));
  if (resumeStep !== undefined) event(resumeStep + 1, bytes(7, varint(1, SESSION_START)));
  return {
    path,
    scalar: (tag, value, step) => summary(step, tag, float(2, value)),
    text: (tag, text, step) => summary(step, tag, bytes(8, stringTensor(text)), bytes(9, TEXT_PLUGIN)),
    sync: () => fsyncSync(fd),
    close: () => closeSync(fd),
  };
}

// Protocol buffers: each field is a key, `number << 3 | wire type`, and a value. https://protobuf.dev/programming-guides/encoding

const utf8 = (text: string): Uint8Array => Buffer.from(text);
const message = (...fields: Uint8Array[]): Uint8Array => Buffer.concat(fields);

function varintBytes(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return [...out, value];
}

const varint = (field: number, value: number): Uint8Array => Buffer.from([field << 3, ...varintBytes(value)]);

const bytes = (field: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from([(field << 3) | 2, ...varintBytes(content.length)]), content]);

function double(field: number, value: number): Uint8Array {
  const out = Buffer.from([(field << 3) | 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  out.writeDoubleLE(value, 1);
  return out;
}

function float(field: number, value: number): Uint8Array {
  const out = Buffer.from([(field << 3) | 5, 0, 0, 0, 0]);
  out.writeFloatLE(value, 1);
  return out;
}

/** SessionLog.SessionStatus.START */
const SESSION_START = 1;
const DT_STRING = 7;
const DATA_CLASS_TENSOR = 2;

/** SummaryMetadata { plugin_data { plugin_name: "text" } data_class: DATA_CLASS_TENSOR } */
const TEXT_PLUGIN = message(bytes(1, bytes(1, utf8('text'))), varint(4, DATA_CLASS_TENSOR));

/** TensorProto of shape [1]: texts are vectors of strings. */
const stringTensor = (text: string): Uint8Array =>
  message(varint(1, DT_STRING), bytes(2, bytes(2, varint(1, 1))), bytes(8, utf8(text)));

// TFRecord

function record(content: Uint8Array): Uint8Array {
  const out = Buffer.alloc(content.length + 16);
  out.writeUInt32LE(content.length, 0);
  out.writeUInt32LE(maskedCrc(out.subarray(0, 8)), 8);
  out.set(content, 12);
  out.writeUInt32LE(maskedCrc(content), 12 + content.length);
  return out;
}

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, a byte at a time. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte;
});

function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
}

/** Rotated and offset, since a CRC over data that holds CRCs is weak. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
