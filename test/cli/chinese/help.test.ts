/** `--help` in Chinese: nothing is missing, nothing is left over, nothing that is typed was translated. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { headingTexts, paragraphTexts } from '../../../src/cli/chinese/around.ts';
import { dictionary } from '../../../src/cli/chinese/dictionary.ts';
import { translateHelp } from '../../../src/cli/chinese/help.ts';
import { program } from '../../../src/cli/main.ts';
import { tslm } from '../../helpers/cli.ts';

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

/** English texts of commands, arguments and options, with where each stands. */
function textsOf(root: Command): [text: string, where: string][] {
  return everyCommand(root).flatMap(command => [
    [command.description(), command.name()] as [string, string],
    ...command.registeredArguments.map(
      one => [one.description, `${command.name()} <${one.name()}>`] as [string, string],
    ),
    ...command.options.map(one => [one.description, `${command.name()} ${one.flags}`] as [string, string]),
  ]);
}

const untranslated = (root: Command): string[] =>
  textsOf(root).flatMap(([text, where]) => (text === '' || dictionary.has(text) ? [] : [`${where}: ${text}`]));

/** What each command prints. */
function helpsOf(root: Command, translate = (_: Command): void => {}): Map<string, string> {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  for (const command of everyCommand(root)) command.configureOutput({ writeOut: write, writeErr: write });
  translate(root);
  return new Map(
    everyCommand(root).map(command => {
      text = '';
      command.outputHelp();
      return [pathOf(command).join(' '), text];
    }),
  );
}

const pathOf = (command: Command): string[] => (command.parent ? [...pathOf(command.parent), command.name()] : []);
const english = helpsOf(program());
const chinese = helpsOf(program(), translateHelp);
const isChinese = (text: string): boolean => /\p{Script=Han}/u.test(text);

describe('the dictionary', () => {
  it('has every command, argument and option', () => {
    expect(textsOf(program()).length).toBeGreaterThan(700);
    expect(untranslated(program())).toEqual([]);
  });

  it('would miss a new one', () => {
    const root = program();
    root.addCommand(new Command('fly').description('take off').option('--high', 'higher than before'));
    expect(untranslated(root)).toEqual(['fly: take off', 'fly --high: higher than before']);
  });

  it('has nothing that no command says', () => {
    const said = new Set(textsOf(program()).map(([text]) => text));
    expect([...dictionary.keys()].filter(text => !said.has(text))).toEqual([]);
    const all = [...english.values()].join('\n');
    expect(Object.keys(paragraphTexts).filter(text => !all.includes(text))).toEqual([]);
    expect(Object.keys(headingTexts).filter(text => !all.includes(text) && text !== 'Global Options:')).toEqual([]);
  });

  it('is Chinese, and keeps what is typed: options, commands, files, numbers', () => {
    const typed = /--[a-z][a-z-]*|`[^`]+`|\b[A-Z]{2,}_[A-Z_]+\b|\.[a-z]{3,}\b|\bhttps?:\S+\w/g;
    const lost = [...dictionary].flatMap(([from, to]) =>
      (from.match(typed) ?? []).filter(word => !to.includes(word)).map(word => `${word} of: ${from}`),
    );
    expect(lost).toEqual([]);
    expect([...dictionary.values()].filter(text => !isChinese(text))).toEqual([]);
    // Full-width marks between Chinese characters, as it is printed in Chinese.
    expect([...dictionary.values()].filter(text => /\p{Script=Han}[,;:()]\s?\p{Script=Han}/u.test(text))).toEqual([]);
  });
});

describe.each([...english])('tslm %s --help', (path, inEnglish) => {
  it('has the same terms and examples in both languages, and no English sentence in Chinese', () => {
    const inChinese = chinese.get(path)!;
    const terms = (text: string): string[] =>
      text.match(/^ {2}(?:-\S.*?|[a-z][\w.|-]*(?: \[?<?[\w.]+>?\]?)*)(?= {2})/gm) ?? [];
    expect(terms(inChinese)).toEqual(terms(inEnglish));
    const commands = (text: string): string[] => text.match(/^.*\btslm .*$/gm)?.slice(1) ?? [];
    const examples = commands(inEnglish).filter(line => /^ {2}(\$ )?tslm /.test(line));
    for (const line of examples) expect(inChinese).toContain(line);
    expect(inChinese).toMatch(/^用法: tslm/);
    expect(inChinese).toContain('\n示例：\n');
    expect(inChinese).not.toMatch(/^(Usage|Arguments|Options|Commands|Global Options|Examples?):/m);
    expect(inChinese).not.toMatch(/\((default|choices|preset): /);
    const prose = inChinese
      .split('\n')
      .filter(line => !/^ *(\$ )?(tslm|bin\/tslm)\b|^ *\w+ +tslm completion/.test(line))
      .filter(line => /(?:[a-z]{2,} ){4}[a-z]{2,}/.test(line) && !isChinese(line));
    expect(prose).toEqual([]);
  });
});

describe('the process', () => {
  const help = async (env: NodeJS.ProcessEnv, ...args: string[]) => {
    const { code, stdout, stderr } = await tslm(args, {
      env: { TSLM_LANG: '', LC_ALL: '', LC_MESSAGES: '', LANG: '', ...env },
    });
    return { code, text: stdout + stderr };
  };

  it('speaks the language of the system, and English where nothing is said', async () => {
    expect(await help({ LANG: 'zh_CN.UTF-8' }, 'train', '--help')).toMatchObject({
      code: 0,
      text: expect.stringContaining('按训练配置训练模型'),
    });
    expect((await help({}, 'train', '--help')).text).toContain('train a model as a recipe says');
    expect((await help({ LANG: 'zh_CN.UTF-8', TSLM_LANG: 'en' }, 'help', 'train')).text).toContain('train a model');
    expect((await help({ TSLM_LANG: 'zh' }, 'tokenizer')).text).toContain('训练、使用、查看和比较分词器');
    const refused = await help({ TSLM_LANG: 'fr' }, '--help');
    expect(refused).toMatchObject({ code: 2, text: expect.stringContaining("TSLM_LANG: 'fr' is not spoken here") });
  });
});
