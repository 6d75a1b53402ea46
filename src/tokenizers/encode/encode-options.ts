/** What a call of `Tokenizer.encode` may ask for, in the words of Transformers' `__call__`. */

/** A text, or a list of words that are split already. */
export type TextInput = string | readonly string[];

/** Which of two texts is cut. */
export type TruncationStrategy = 'longest_first' | 'only_first' | 'only_second';

export interface EncodeOptions {
  /** Put the model's special tokens around the text. Default true. */
  addSpecialTokens?: boolean;
  /** Cut to `maxLength`: true is `longest_first`. Default false. */
  truncation?: boolean | TruncationStrategy;
  /** In tokens, special tokens included. Default: `model_max_length` of tokenizer_config.json. */
  maxLength?: number;
  /** Tokens that neighbouring parts of a cut text share. Default 0. */
  stride?: number;
  /** Default: `truncation_side` of tokenizer_config.json, else right. */
  truncationSide?: 'left' | 'right';
  /** Pad to the longest of the batch (true, `longest`) or to `maxLength` (`max_length`). Default false. */
  padding?: boolean | 'longest' | 'max_length';
  /** Pad to the next multiple of this. */
  padToMultipleOf?: number;
  /** Default: `padding_side` of tokenizer_config.json, else right. */
  paddingSide?: 'left' | 'right';
}
