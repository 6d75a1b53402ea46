/**
 * Attention maps as bytes: four bytes that say how long the header is (little-endian), a header in JSON, then all weights
 * as 16-bit fractions of one. That is a quarter of what they take as text, and finer than a screen can show. Both sides
 * use this file.
 */
import type { AttentionMaps } from '../../engine/protocol.ts';

const SCALE = 65535;

export function packAttention({ tokens, maps }: AttentionMaps): Uint8Array<ArrayBuffer> {
  const json = JSON.stringify({ tokens, maps: maps.map(({ weights: _, ...map }) => map) });
  const header = new TextEncoder().encode(json);
  const start = 4 + header.length;
  const count = maps.reduce((sum, { weights }) => sum + weights.length, 0);
  const bytes = new Uint8Array(start + 2 * count);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header.length, true);
  bytes.set(header, 4);
  let at = start;
  for (const { weights } of maps) {
    for (const weight of weights) {
      view.setUint16(at, Math.round(Math.min(1, Math.max(0, weight)) * SCALE), true);
      at += 2;
    }
  }
  return bytes;
}

export function unpackAttention(buffer: ArrayBuffer): AttentionMaps {
  const view = new DataView(buffer);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as AttentionMaps;
  let at = 4 + length;
  const maps = header.maps.map(map => {
    const weights = new Float32Array(map.layers * map.heads * map.queries.length * map.keys.length);
    for (let i = 0; i < weights.length; i++, at += 2) weights[i] = view.getUint16(at, true) / SCALE;
    return { ...map, weights };
  });
  return { tokens: header.tokens, maps };
}
