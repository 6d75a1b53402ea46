import { describe, expect, it } from 'vitest';
import { applyConfig } from '../../src/cli/config/apply-config.ts';
import { type Language, languageOf, mayPrintHelp } from '../../src/cli/language.ts';
import { program } from '../../src/cli/main.ts';

const layer = (language: unknown) => ({ name: 'tslm.yaml', values: { language } });

describe('the language of the help', () => {
  it.each<[NodeJS.ProcessEnv, Language]>([
    [{}, 'en'],
    [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
    [{ LANG: 'zh' }, 'zh'],
    [{ LANG: 'zh-Hans' }, 'zh'],
    [{ LANG: 'de_DE.UTF-8' }, 'en'],
    [{ LANG: 'zha_CN' }, 'en'],
    [{ LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }, 'en'],
    [{ LC_MESSAGES: 'zh_TW', LANG: 'en_US.UTF-8' }, 'zh'],
    [{ LC_ALL: 'zh_CN.UTF-8', LC_MESSAGES: 'C' }, 'zh'],
    [{ TSLM_LANG: 'en', LC_ALL: 'zh_CN.UTF-8' }, 'en'],
    [{ TSLM_LANG: 'zh', LC_ALL: 'C' }, 'zh'],
    [{ TSLM_LANG: '', LANG: 'zh_CN' }, 'zh'],
  ])('%j: %s', (env, language) => expect(languageOf(env)).toBe(language));

  it('is what a file says, before the system and after TSLM_LANG', () => {
    expect(languageOf({ LANG: 'en_US' }, [layer('zh')])).toBe('zh');
    expect(languageOf({ LANG: 'zh_CN' }, [layer('en')])).toBe('en');
    expect(languageOf({ TSLM_LANG: 'en' }, [layer('zh')])).toBe('en');
    expect(languageOf({}, [{ name: 'tslm.yaml', values: {} }, layer('zh')])).toBe('zh');
  });

  it('is refused where it is not spoken', () => {
    expect(() => languageOf({ TSLM_LANG: 'fr' })).toThrow("TSLM_LANG: 'fr' is not spoken here");
    expect(() => languageOf({}, [layer(7)])).toThrow("tslm.yaml: 'language': '7' is not spoken here");
  });

  it('is a key beside the commands', () => {
    expect(applyConfig(program(), [layer('zh')])).toEqual([]);
    expect(() => applyConfig(program(), [{ name: 'tslm.yaml', values: { lnguage: 'zh' } }])).toThrow('lnguage');
  });
});

it('knows which words end in help', () => {
  const may = (...words: string[]): boolean => mayPrintHelp(program(), words);
  for (const words of [
    ['--help'],
    ['train', '-h'],
    ['help', 'train'],
    ['tokenizer'],
    ['tokenizer', 'train', '--help'],
  ]) {
    expect(may(...words), words.join(' ')).toBe(true);
  }
  for (const words of [['train', 'r.yaml'], ['tokenizer', 'train', 'a.txt'], ['list']]) {
    expect(may(...words), words.join(' ')).toBe(false);
  }
});
