/** The package has no types of its own. */
declare module 'stopword' {
  export const eng: readonly string[];
  export const zho: readonly string[];
}
