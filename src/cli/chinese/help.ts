/** `--help` in Chinese: texts from the dictionary, headings, defaults and choices, lines that break between characters. */
import type { Argument, Command, Help, Option } from 'commander';
import { HELP, headingTexts, paragraphTexts } from './around.ts';
import { dictionary } from './dictionary.ts';
import { columnsOf, wrapWide } from './wide-text.ts';

/** What has no Chinese text stays English. */
const chinese = (text: string): string => dictionary.get(text) ?? text;

/** Changes the texts of a program that is about to print its help. */
export function translateHelp(command: Command): void {
  command.description(chinese(command.description()));
  for (const one of [...command.registeredArguments, ...command.options]) one.description = chinese(one.description);
  command.configureHelp({ ...command.configureHelp(), ...helper });
  const { writeOut, writeErr } = command.configureOutput();
  command.configureOutput({
    writeOut: text => writeOut!(withChineseParagraphs(text)),
    writeErr: text => writeErr!(withChineseParagraphs(text)),
  });
  for (const inner of command.commands) translateHelp(inner);
}

const helper: Partial<Help> = {
  styleTitle: title => headingTexts[title] ?? title,
  displayWidth: columnsOf,
  boxWrap: wrapWide,
  subcommandDescription: inner => ofHelp(inner.description()),
  optionDescription: option => described(option, option.required || option.optional || isToggled(option)),
  argumentDescription: argument => described(argument, true),
};

const isToggled = (option: Option): boolean => option.isBoolean() && typeof option.defaultValue === 'boolean';

/** With what may be given, and what holds where nothing is. */
function described(one: Option | Argument, showsDefault: boolean): string {
  const { argChoices, defaultValue, defaultValueDescription, description } = one;
  const preset = 'presetArg' in one && one.optional ? one.presetArg : undefined;
  const facts = [
    argChoices && `可选：${argChoices.join('、')}`,
    defaultValue !== undefined && showsDefault && `默认：${defaultValueDescription ?? shown(defaultValue)}`,
    preset !== undefined && `不带值时：${shown(preset)}`,
  ].filter(fact => typeof fact === 'string');
  return facts.length === 0 ? ofHelp(description) : `${description}（${facts.join('；')}）`;
}

/** Commander adds its option and its command only as it prints. */
const ofHelp = (text: string): string => (text === 'display help for command' ? HELP : text);

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What was added after the options is printed as it is. */
const withChineseParagraphs = (text: string): string => {
  const paragraphs = Object.entries(paragraphTexts).reduce((all, [from, to]) => all.replace(from, () => to), text);
  return paragraphs.replace(/^(Examples?|In the conversation):$/gm, heading => headingTexts[heading]);
};
