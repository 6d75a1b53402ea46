/** The finaliser of MurmurHash3: every bit of the result depends on every bit of `h`. Returns an unsigned integer. */
export function mix32(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
