/** The texts of all tokens as a tree of bytes, in the order in which a walk visits it. */

export interface TokenTrie {
  /** Nodes, the root included. */
  readonly size: number;
  /** The byte that leads to each node, and how many lead there from the root. */
  readonly bytes: Uint8Array;
  readonly depths: Uint16Array;
  /** The node after all that is below each node: a walk goes on there to leave it out. */
  readonly ends: Int32Array;
  /** Where the tokens that end at node n begin in `tokens`; those of n + 1 begin where they end. */
  readonly starts: Int32Array;
  readonly tokens: Int32Array;
  readonly deepest: number;
}

/** @param texts bytes of each token, empty or undefined for those that write nothing */
export function createTokenTrie(texts: readonly (Uint8Array | undefined)[]): TokenTrie {
  const ids = [...texts.keys()].filter(id => texts[id]?.length);
  const buffers = texts.map(text => text && Buffer.from(text.buffer, text.byteOffset, text.length));
  ids.sort((a, b) => Buffer.compare(buffers[a]!, buffers[b]!) || a - b);

  const bytes: number[] = [0];
  const depths: number[] = [0];
  const starts: number[] = [0];
  const tokens: number[] = [];
  const ends: number[] = [];
  const path = [0];
  let previous: Uint8Array = new Uint8Array(0);
  for (const id of ids) {
    const text = texts[id]!;
    let shared = 0;
    while (shared < previous.length && shared < text.length && previous[shared] === text[shared]) shared++;
    while (path.length > shared + 1) ends[path.pop()!] = bytes.length;
    for (let i = shared; i < text.length; i++) {
      path.push(bytes.length);
      bytes.push(text[i]);
      depths.push(i + 1);
      starts.push(tokens.length);
    }
    tokens.push(id);
    previous = text;
  }
  for (const node of path) ends[node] = bytes.length;
  starts.push(tokens.length);
  return {
    size: bytes.length,
    bytes: Uint8Array.from(bytes),
    depths: Uint16Array.from(depths),
    ends: Int32Array.from(ends),
    starts: Int32Array.from(starts),
    tokens: Int32Array.from(tokens),
    deepest: depths.reduce((most, depth) => Math.max(most, depth), 0),
  };
}
