/** Taking back the spaces that tokenization put before English punctuation and contractions. */

const replaceAll = (replacements: readonly (readonly [from: string, to: string])[]) => (text: string) =>
  replacements.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text);

const PUNCTUATION = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
] as const;
const CONTRACTIONS = [
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const;

/** Transformers' `clean_up_tokenization`, for whole texts. */
export const cleanUpText = replaceAll([...PUNCTUATION, ...CONTRACTIONS]);

/** The `cleanup` of decoders, for single tokens. */
export const cleanUpToken = replaceAll([...PUNCTUATION, [' do not', " don't"], ...CONTRACTIONS]);
