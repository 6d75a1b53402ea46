/**
 * Stems of English words (Porter 1980), with the changes that NLTK makes to the published algorithm: a few irregular words, and
 * rules for `-y`, `-ies`, `-ied`, `-fulli`, `-logi` and words of two letters.
 */

const IRREGULAR: Readonly<Record<string, string>> = {
  sky: 'sky',
  skies: 'sky',
  dying: 'die',
  lying: 'lie',
  tying: 'tie',
  news: 'news',
  innings: 'inning',
  inning: 'inning',
  outings: 'outing',
  outing: 'outing',
  cannings: 'canning',
  canning: 'canning',
  howe: 'howe',
  proceed: 'proceed',
  exceed: 'exceed',
  succeed: 'succeed',
};

type Condition = (stem: string) => boolean;
type Rule = readonly [suffix: string, replacement: string, condition?: Condition];

function isConsonant(word: string, at: number): boolean {
  if ('aeiou'.includes(word[at])) return false;
  return word[at] !== 'y' || at === 0 || !isConsonant(word, at - 1);
}

/** How often a vowel is followed by a consonant. */
function measure(stem: string): number {
  const pattern = Array.from(stem, (_, at) => (isConsonant(stem, at) ? 'c' : 'v')).join('');
  return pattern.match(/vc/g)?.length ?? 0;
}

const isPositive: Condition = stem => measure(stem) > 0;
const isLong: Condition = stem => measure(stem) > 1;
const hasVowel: Condition = stem => [...stem].some((_, at) => !isConsonant(stem, at));
const endsDouble: Condition = word =>
  word.length >= 2 && word.at(-1) === word.at(-2) && isConsonant(word, word.length - 1);

/** Consonant, vowel, consonant, the last none of w, x, y; or of two letters a vowel and a consonant. */
function endsShort(word: string): boolean {
  const n = word.length;
  if (n === 2) return !isConsonant(word, 0) && isConsonant(word, 1);
  return (
    n >= 3 &&
    isConsonant(word, n - 3) &&
    !isConsonant(word, n - 2) &&
    isConsonant(word, n - 1) &&
    !'wxy'.includes(word[n - 1])
  );
}

/** The first rule whose suffix fits decides. */
function apply(word: string, rules: readonly Rule[]): string {
  for (const [suffix, replacement, condition] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return !condition || condition(stem) ? stem + replacement : word;
  }
  return word;
}

const STEP_2: readonly Rule[] = [
  ['ational', 'ate', isPositive],
  ['tional', 'tion', isPositive],
  ['enci', 'ence', isPositive],
  ['anci', 'ance', isPositive],
  ['izer', 'ize', isPositive],
  ['bli', 'ble', isPositive],
  ['alli', 'al', isPositive],
  ['entli', 'ent', isPositive],
  ['eli', 'e', isPositive],
  ['ousli', 'ous', isPositive],
  ['ization', 'ize', isPositive],
  ['ation', 'ate', isPositive],
  ['ator', 'ate', isPositive],
  ['alism', 'al', isPositive],
  ['iveness', 'ive', isPositive],
  ['fulness', 'ful', isPositive],
  ['ousness', 'ous', isPositive],
  ['aliti', 'al', isPositive],
  ['iviti', 'ive', isPositive],
  ['biliti', 'ble', isPositive],
  ['fulli', 'ful', isPositive],
];
const STEP_3: readonly Rule[] = [
  ['icate', 'ic', isPositive],
  ['ative', '', isPositive],
  ['alize', 'al', isPositive],
  ['iciti', 'ic', isPositive],
  ['ical', 'ic', isPositive],
  ['ful', '', isPositive],
  ['ness', '', isPositive],
];
const STEP_4: readonly Rule[] = [
  ...['al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent'].map(
    (suffix): Rule => [suffix, '', isLong],
  ),
  ['ion', '', stem => isLong(stem) && 'st'.includes(stem.at(-1) ?? '-')],
  ...['ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'].map((suffix): Rule => [suffix, '', isLong]),
];

export function porterStem(given: string): string {
  const word = given.toLowerCase();
  if (Object.hasOwn(IRREGULAR, word)) return IRREGULAR[word];
  if (word.length <= 2) return word;
  return [step1a, step1b, step1c, step2, step3, step4, step5a, step5b].reduce((stem, step) => step(stem), word);
}

function step1a(word: string): string {
  if (word.endsWith('ies') && word.length === 4) return `${word.slice(0, -3)}ie`;
  return apply(word, [
    ['sses', 'ss'],
    ['ies', 'i'],
    ['ss', 'ss'],
    ['s', ''],
  ]);
}

function step1b(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, -3) + (word.length === 4 ? 'ie' : 'i');
  if (word.endsWith('eed')) return apply(word, [['eed', 'ee', isPositive]]);
  const suffix = ['ed', 'ing'].find(one => word.endsWith(one) && hasVowel(word.slice(0, -one.length)));
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsDouble(stem)) return 'lsz'.includes(stem.at(-1)!) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

const step1c = (word: string): string =>
  apply(word, [['y', 'i', stem => stem.length > 1 && isConsonant(stem, stem.length - 1)]]);

function step2(word: string): string {
  if (word.endsWith('alli') && isPositive(word.slice(0, -4))) return step2(`${word.slice(0, -4)}al`);
  return apply(word, [...STEP_2, ['logi', 'log', stem => isPositive(`${stem}l`)]]);
}

const step3 = (word: string): string => apply(word, STEP_3);
const step4 = (word: string): string => apply(word, longestFirst(STEP_4, word));

/** `ement` before `ment` before `ent`: the order of the list does it. */
const longestFirst = (rules: readonly Rule[], word: string): Rule[] =>
  rules.filter(([suffix]) => word.endsWith(suffix)).sort((a, b) => b[0].length - a[0].length);

function step5a(word: string): string {
  if (!word.endsWith('e')) return word;
  const stem = word.slice(0, -1);
  return measure(stem) > 1 || (measure(stem) === 1 && !endsShort(stem)) ? stem : word;
}

const step5b = (word: string): string =>
  word.endsWith('ll') && measure(word.slice(0, -1)) > 1 ? word.slice(0, -1) : word;
