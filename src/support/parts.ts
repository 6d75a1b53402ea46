/** A list cut into stretches of these lengths, in order. */
export function partsOf<T>(list: readonly T[], lengths: readonly number[]): T[][] {
  let end = 0;
  return lengths.map(length => {
    end += length;
    return list.slice(end - length, end);
  });
}
