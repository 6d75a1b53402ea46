/** What is done to answers before they are scored: lm-evaluation-harness's filters, a list of answers for each document. */
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import { findAll, pythonRegex, substitute } from '../../support/python-regex.ts';
import { parseOptions } from '../../support/schema.ts';
import { strip } from '../metrics/words.ts';
import type { Doc } from './datasets.ts';
import type { TaskConfig } from './task-config.ts';

/** One answer or several of each document. */
export type Answers = unknown[];
export type Filter = (answers: Answers, docs: readonly Doc[]) => Answers;

const noOptions = z.strictObject({});
const regexOptions = z.strictObject({
  regex_pattern: z.string().default('#### (\\-?[0-9\\.\\,]+)'),
  group_select: z.int().default(0),
  fallback: z.string().default('[invalid]'),
});
const choiceOptions = regexOptions.extend({
  ignore_case: z.boolean().default(false),
  ignore_punctuation: z.boolean().default(false),
  regexes_to_ignore: z.array(z.string()).nullish(),
});
const mapOptions = z.strictObject({
  mapping_dict: z.record(z.string(), z.unknown()).default({}),
  default_value: z.unknown().default(null),
});

interface Kind {
  options: z.ZodType;
  make: (options: never) => Filter;
}

const kind = <Options extends z.ZodType>(options: Options, make: (options: z.output<Options>) => Filter): Kind => ({
  options,
  make: make as Kind['make'],
});

/** A change of each answer. */
const each =
  (change: (answer: string) => unknown): Filter =>
  answers =>
    answers.map(own => (own as string[]).map(change));

const KINDS: Record<string, Kind> = {
  take_first: kind(noOptions, () => answers => answers.map(own => (own as unknown[])[0])),
  take_first_k: kind(z.strictObject({ k: z.int().positive() }), ({ k }) => answers => {
    const fewest = Math.min(...answers.map(own => (own as unknown[]).length));
    if (fewest < k)
      throw usageError(
        'TSLM_FILTER',
        `take_first_k: ${k} answers of each document are needed, and there are ${fewest}`,
        "raise 'repeats'",
      );
    return answers.map(own => (own as unknown[]).slice(0, k));
  }),
  majority_vote: kind(noOptions, () => answers => answers.map(own => [mostFrequent(own as string[])])),
  lowercase: kind(noOptions, () => each(answer => answer.toLowerCase())),
  uppercase: kind(noOptions, () => each(answer => answer.toUpperCase())),
  remove_whitespace: kind(noOptions, () => each(strip)),
  map: kind(mapOptions, ({ mapping_dict, default_value }) =>
    each(answer => (Object.hasOwn(mapping_dict, answer) ? mapping_dict[answer] : default_value)),
  ),
  regex: kind(regexOptions, ({ regex_pattern, group_select, fallback }) => {
    const regex = pythonRegex(regex_pattern);
    return each(answer => selected(findAll(regex, String(answer ?? '')), group_select) ?? fallback);
  }),
  multi_choice_regex: kind(choiceOptions, multiChoice),
  regex_pos: kind(
    z.strictObject({
      regex_pattern: z.string().optional(),
      group_select: z.int().optional(),
      fallback: z.array(z.string()).default(['invalid']),
    }),
    ({ fallback }) =>
      each(answer => {
        const tags = Array.from(answer.matchAll(/\('([^']*)', '([^']*)'\)/g), ([, , tag]) => tag);
        return tags.length > 0 ? tags : fallback;
      }),
  ),
  format_span: kind(noOptions, () => each(formatSpans)),
};

/** @throws UserError that names the task for a filter or an option that does not exist */
export function createFilter(steps: NonNullable<TaskConfig['filter_list']>[number]['filter'], where: string): Filter {
  const filters = steps.map(({ function: name, ...options }) => {
    if (!Object.hasOwn(KINDS, name)) {
      throw usageError(
        'TSLM_UNKNOWN_FILTER',
        `${where}: there is no filter '${name}'`,
        `known: ${Object.keys(KINDS).join(', ')}`,
      );
    }
    const { options: schema, make } = KINDS[name];
    return make(parseOptions(schema, options, `${where}: filter ${name}`) as never);
  });
  return (answers, docs) => filters.reduce((current, filter) => filter(current, docs), answers);
}

/** Python's `most_common`: of equally frequent ones the first. */
function mostFrequent(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

/** The match of this number, of several groups the first that is not empty; undefined where there is none. */
function selected(matches: readonly (string | string[])[], select: number): string | undefined {
  if (matches.length === 0) return undefined;
  const match = matches.at(select);
  if (match === undefined)
    throw usageError(
      'TSLM_FILTER',
      `regex: group_select ${select} of ${matches.length} matches`,
      'use 0 for the first, -1 for the last',
    );
  const text = Array.isArray(match) ? match.find(group => group !== '') : match;
  return text === undefined ? undefined : strip(text);
}

/** A letter in the answer, the text of a choice, or a letter behind a colon. */
function multiChoice(options: z.output<typeof choiceOptions>): Filter {
  const { regex_pattern, group_select, fallback, ignore_case, ignore_punctuation, regexes_to_ignore } = options;
  const regex = pythonRegex(regex_pattern);
  const ignored = (regexes_to_ignore ?? []).map(pythonRegex);
  const plain = (text: string): string => {
    const without = ignored.reduce((rest, one) => substitute(one, '', rest), text);
    const cased = ignore_case ? without.toLowerCase() : without;
    return ignore_punctuation ? cased.replace(/\p{P}/gu, '') : cased;
  };
  const find = (pattern: RegExp, text: string, letters?: ReadonlyMap<string, string>): string | undefined => {
    const match = selected(findAll(pattern, text), group_select);
    return match ? (letters?.get(match) ?? match) : undefined;
  };
  return (answers, docs) =>
    answers.map((own, i) => {
      const choices = docs[i].choices;
      if (!Array.isArray(choices))
        throw usageError(
          'TSLM_FILTER',
          `multi_choice_regex: document ${i} has no list 'choices'`,
          'the column of choices is to be called so',
        );
      const letters = choices.map((_, c) => String.fromCharCode(65 + c));
      const texts = choices.map(choice => plain(strip(String(choice))));
      const byText = new Map(texts.map((text, c) => [text, `(${letters[c]})`]));
      const longestFirst = texts.map(escaped).sort((a, b) => b.length - a.length);
      const anyText = new RegExp(longestFirst.join('|'), 'gu');
      const anyLetter = new RegExp(`:[\\s]*(${letters.join('|')})`, 'gu');
      const byLetter = new Map(letters.map(letter => [letter, `(${letter})`]));
      return (own as unknown[]).map(answer => {
        const text = String(answer ?? '');
        return find(regex, text) ?? find(anyText, plain(text), byText) ?? find(anyLetter, text, byLetter) ?? fallback;
      });
    });
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

const LABELS: readonly (readonly [said: string, label: string])[] = [
  ['person', 'PER'],
  ['location', 'LOC'],
  ['organization', 'ORG'],
  ['counties', 'LOC'],
  ['places', 'LOC'],
  ['people', 'PER'],
  ['persons', 'PER'],
  ['company', 'ORG'],
  ['country', 'LOC'],
  ['continent', 'LOC'],
  ['time', 'DATE'],
  ['date', 'DATE'],
  ['per', 'PER'],
  ['loc', 'LOC'],
  ['org', 'ORG'],
];

/** `person: Ada, Alan` → `per: ada $ per: alan` */
function formatSpans(answer: string): string {
  const labelled = LABELS.reduce(
    (text, [said, label]) => text.replace(new RegExp(`\\b${said}\\s*:`, 'g'), `${label}:`),
    answer.toLowerCase(),
  );
  const text = strip(labelled.replaceAll('$$', '$').replace(/\$+$/, '').replaceAll('\n', '$'));
  const spans = Array.from(text.matchAll(/\b(PER|LOC|ORG|DATE):\s*([^$]+)/g), ([, label, values]) =>
    values.split(',').map(value => [label.toLowerCase(), strip(value)] as const),
  );
  return spans
    .flat()
    .filter(([, value]) => value.toLowerCase() !== 'none')
    .map(([label, value]) => `${label}: ${value}`)
    .join(' $ ');
}
