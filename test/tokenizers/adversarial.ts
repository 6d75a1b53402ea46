/** Texts that make careless algorithms slow: long stretches of one kind, and of kinds that join. Each has about `length` units. */
const repeated =
  (unit: string) =>
  (length: number): string =>
    unit.repeat(Math.ceil(length / unit.length));

export const ADVERSARIAL: Record<string, (length: number) => string> = {
  'line feeds': repeated('\n'),
  'line ends': repeated('\r\n'),
  'one letter': repeated('a'),
  'letters of alternating case': repeated('aB'),
  spaces: repeated(' '),
  'spaces before a letter': length => `${' '.repeat(length)}a`,
  'spaces and line feeds': repeated(' \n'),
  'words of a letter': repeated('a '),
  contractions: repeated("'s"),
  'one mark': repeated('\u0301'),
  'a letter with marks': length => `a${'\u0301'.repeat(length)}`,
  'marks in the wrong order': length => `a${repeated('\u0301\u0327\u0334')(length)}`,
  'letters with a mark each': repeated('u\u0308'),
  'letters that decompose': repeated('ü'),
  'a chain of joined emoji': repeated('👩\u200d'),
  flags: repeated('🇩🇪'),
  'emoji with a skin tone': repeated('👍🏽'),
  jamo: repeated('\u1100\u1161\u11a8'),
  'initial jamo': repeated('\u1100'),
  syllables: repeated('각'),
  'Indic conjuncts': repeated('क्'),
  ideographs: repeated('中'),
  digits: repeated('7'),
  punctuation: repeated('!?'),
  zeros: repeated('\0'),
  'lone surrogates': repeated('\ud800'),
  'characters that become many': repeated('ﷺ'),
  'marks of words': repeated('▁'),
  'private use': repeated('\ue000'),
  'beginnings of an added token': repeated('<|im_'),
  'added tokens': repeated('<|im_start|>'),
  'end tokens': repeated('</s>'),
  'markup without space': repeated('<a href="b">c</a>'),
};
