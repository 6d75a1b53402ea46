/** Whether a stream of texts is Chinese, from its beginning. */

/** UTF-16 units that are looked at. */
const SAMPLE_UNITS = 1 << 20;

const LETTERS = /\p{L}/gu;
const HAN = /\p{Script=Han}/gu;

/** Whether most letters of the first texts are Han characters; and the texts, from the first on. */
export async function mostlyHan(
  texts: Iterable<string> | AsyncIterable<string>,
): Promise<{ isHan: boolean; texts: AsyncIterable<string> }> {
  const iterator = Symbol.asyncIterator in texts ? texts[Symbol.asyncIterator]() : texts[Symbol.iterator]();
  const sample: string[] = [];
  let units = 0;
  let isOver = false;
  while (units < SAMPLE_UNITS && !isOver) {
    const next = await iterator.next();
    isOver = next.done === true;
    if (next.done) break;
    sample.push(next.value);
    units += next.value.length;
  }
  const count = (pattern: RegExp): number => sample.reduce((sum, text) => sum + (text.match(pattern)?.length ?? 0), 0);
  return {
    isHan: 2 * count(HAN) > count(LETTERS),
    texts: (async function* () {
      yield* sample;
      for (let next = isOver ? undefined : await iterator.next(); next && !next.done; next = await iterator.next()) {
        yield next.value;
      }
    })(),
  };
}
