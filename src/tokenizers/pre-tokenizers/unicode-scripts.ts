/** The pre-tokenizer `UnicodeScripts` of tokenizer.json. */
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

/** The scripts that the native library tells apart; letters of others, and spaces, go with what is around them. */
const SCRIPTS =
  'Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo ' +
  'Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Common Coptic ' +
  'Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic ' +
  'Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited ' +
  'Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Khojki ' +
  'Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen ' +
  'Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean ' +
  'New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian ' +
  'Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician ' +
  'Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese ' +
  'Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh ' +
  'Tirhuta Ugaritic Vai Warang_Citi Yi';

/** Splits where the script changes; Japanese is written in one. As in the native library, what is before the first is lost. */
export const createUnicodeScripts: Factory<PreTokenizer> = (config, where) => {
  parseConfig(bare('UnicodeScripts'), config, where);
  return {
    split(text) {
      const starts: number[] = [];
      let last: string | undefined;
      let at = 0;
      for (const char of text.text) {
        const script = scriptOf(char);
        if (script !== undefined && script !== last) {
          starts.push(at);
          last = script;
        }
        at += char.length;
      }
      return starts.map((start, i) => text.slice(start, starts[i + 1] ?? text.length));
    },
  };
};

let tests: (readonly [name: string, regex: RegExp])[] | undefined;
const known = new Map<string, string | undefined>();

function scriptOf(char: string): string | undefined {
  if (!known.has(char)) {
    tests ??= SCRIPTS.split(' ').map(name => [name, new RegExp(`\\p{Script=${name}}`, 'u')]);
    const name = tests.find(([, regex]) => regex.test(char))?.[0];
    const isJapanese = name === 'Hiragana' || name === 'Katakana' || char === '\u30fc';
    known.set(char, isJapanese ? 'Han' : char === ' ' ? undefined : name);
  }
  return known.get(char);
}
