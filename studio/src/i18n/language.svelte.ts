/** The language of the page: the reader's choice, or what the browser asks for. */
import { keep, read } from '../storage.ts';
import { type Dictionary, en } from './en.ts';
import { zh } from './zh.ts';

export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;

const dictionaries: Record<Language, Dictionary> = { en, zh };

const state = $state<{ code: Language }>({ code: initial() });
document.documentElement.lang = tagOf(state.code);

export const language = {
  get code(): Language {
    return state.code;
  },
  set code(code: Language) {
    state.code = code;
    keep('local', 'tslm-language', code);
    document.documentElement.lang = tagOf(code);
  },
  /** All texts of the page. */
  get texts(): Dictionary {
    return dictionaries[state.code];
  },
};

function initial(): Language {
  const kept = read('local', 'tslm-language');
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function tagOf(code: Language): string {
  return code === 'zh' ? 'zh-Hans' : 'en';
}
