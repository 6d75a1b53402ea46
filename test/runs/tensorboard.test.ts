import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventWriter } from '../../src/runs/tensorboard.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tslm-events-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** CRC-32C a bit at a time, straight from its definition (RFC 3720, B.4 has the test vectors below). */
function crc32c(data: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of data) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffffffffn);
}

function masked(data: Uint8Array): number {
  const crc = BigInt(crc32c(data));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(file.subarray(at, at + 8)));
    const content = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(content));
    records.push(content);
    at += length + 16;
  }
  return records;
}

type Fields = Record<number, (number | bigint | Buffer)[]>;

/** Any protocol buffer: values by field number, nested messages as bytes. */
function decode(message: Buffer): Fields {
  const fields: Fields = {};
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const wireType = key & 7;
    const length = wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? Number(varint()) : 0;
    const bytes = message.subarray(at, at + length);
    at += length;
    const value =
      wireType === 0 ? varint() : wireType === 1 ? bytes.readDoubleLE() : wireType === 5 ? bytes.readFloatLE() : bytes;
    fields[key >> 3] ??= [];
    fields[key >> 3].push(value);
  }
  return fields;
}

const inner = (fields: Fields, ...path: number[]): Fields =>
  path.reduce((message, field) => decode(message[field][0] as Buffer), fields);

function eventsIn(path: string): Fields[] {
  return recordsOf(readFileSync(path)).map(decode);
}

describe('event files', () => {
  it('the checksum of this test is right', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });

  it('begin with the version', () => {
    const writer = createEventWriter(folder);
    writer.close();
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\..+/)]);
    const events = eventsIn(writer.path);
    expect(events).toHaveLength(1);
    expect(String(events[0][3][0])).toBe('brain.Event:2');
    expect(Math.abs((events[0][1][0] as number) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('hold scalars', () => {
    const writer = createEventWriter(folder);
    writer.scalar('loss/train', 2.5, 0);
    writer.scalar('loss/train', Number.NaN, 300);
    writer.scalar('学习率', 1e-3, 5_000_000_000);
    writer.sync();
    writer.close();
    const values = eventsIn(writer.path)
      .slice(1)
      .map(event => {
        const value = inner(event, 5, 1);
        return [event[2][0], String(value[1][0]), value[2][0]];
      });
    expect(values).toEqual([
      [0n, 'loss/train', 2.5],
      [300n, 'loss/train', Number.NaN],
      [5_000_000_000n, '学习率', Math.fround(1e-3)],
    ]);
  });

  it('hold texts of any length', () => {
    const writer = createEventWriter(folder);
    const text = '# Sample\n\n春眠不觉晓 🙂 '.repeat(500);
    writer.text('samples', text, 7);
    writer.close();
    const [, event] = eventsIn(writer.path);
    const value = inner(event, 5, 1);
    expect(String(value[1][0])).toBe('samples');
    const tensor = inner(value, 8);
    expect(tensor[1]).toEqual([7n]); // DT_STRING
    expect(inner(tensor, 2, 2)[1]).toEqual([1n]); // shape [1]
    expect(String(tensor[8][0])).toBe(text);
    expect(String(inner(value, 9, 1)[1][0])).toBe('text'); // the plugin
  });

  it('say from which step on older files do not count', () => {
    const writer = createEventWriter(folder, { resumeStep: 40 });
    writer.close();
    const start = eventsIn(writer.path)[1];
    expect(start[2]).toEqual([41n]);
    expect(inner(start, 7)[1]).toEqual([1n]); // SessionLog.START
  });

  it('are never shared by two writers', () => {
    const [a, b] = [createEventWriter(folder), createEventWriter(folder)];
    a.close();
    b.close();
    expect(a.path).not.toBe(b.path);
  });

  it('name the folder that cannot be written', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => createEventWriter(file)).toThrow(file);
  });
});
