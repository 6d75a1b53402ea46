/** Python's tuple. Its lists are arrays, its dictionaries Maps. */
export class Tuple {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}
