/**
 * Eight-bit floats as safetensors stores them, widened to float32, which holds each of them exactly. E4M3 has no
 * infinities and one NaN (with either sign); E5M2 is a float16 without its lower byte.
 * Micikevicius et al. 2022, "FP8 Formats for Deep Learning". The elements of microscaling formats, too: E2M1, two a byte, and
 * the power of two that scales a block, E8M0 (Open Compute Project 2023, "Microscaling Formats").
 */
export type Float8 = 'F8_E4M3' | 'F8_E5M2';

const layouts: Record<Float8, { mantissaBits: number; bias: number }> = {
  F8_E4M3: { mantissaBits: 3, bias: 7 },
  F8_E5M2: { mantissaBits: 2, bias: 15 },
};

function decodeByte(byte: number, type: Float8): number {
  const { mantissaBits, bias } = layouts[type];
  const sign = byte & 0x80 ? -1 : 1;
  const exponent = (byte & 0x7f) >> mantissaBits;
  const mantissa = (byte & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
  if (type === 'F8_E4M3' && (byte & 0x7f) === 0x7f) return Number.NaN;
  if (type === 'F8_E5M2' && exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** (1 - bias) : sign * (1 + mantissa) * 2 ** (exponent - bias);
}

const table = (type: Float8): Float32Array => Float32Array.from({ length: 256 }, (_, byte) => decodeByte(byte, type));
const tables: Record<Float8, Float32Array> = { F8_E4M3: table('F8_E4M3'), F8_E5M2: table('F8_E5M2') };

export function decodeFloat8(bytes: Uint8Array, type: Float8): Float32Array {
  const values = tables[type];
  return Float32Array.from(bytes, byte => values[byte]);
}

/** Powers of two, from 2⁻¹²⁷; 255 is no number. */
export const decodeE8M0 = (bytes: Uint8Array): Float32Array =>
  Float32Array.from(bytes, byte => (byte === 255 ? Number.NaN : 2 ** (byte - 127)));

const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

/** Two elements a byte, that of the lower four bits first. */
export function decodeE2M1(bytes: Uint8Array): Float32Array {
  const element = (bits: number): number => (bits & 8 ? -1 : 1) * E2M1[bits & 7];
  return Float32Array.from({ length: 2 * bytes.length }, (_, i) => element(bytes[i >> 1] >> (4 * (i & 1))));
}
