/** Check digits: what tells a number of a card, an account or a person from any other number. */

/** ISO/IEC 7812-1, Annex B (Luhn): the last digit of card numbers. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return sum % 10 === 0;
}

/** ISO 13616: an IBAN with its first four characters at the end is 1 modulo 97, letters being 10 to 35. */
export function iban(text: string): boolean {
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    for (const digit of String(Number.parseInt(char, 36))) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1;
}

/** GB 11643-1999: a Chinese identity number ends with a digit or X by ISO 7064, MOD 11-2, and has a day of birth in it. */
export function chineseIdentity(text: string): boolean {
  const [year, month, day] = [text.slice(6, 10), text.slice(10, 12), text.slice(12, 14)].map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  if (year < 1900 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return false;
  let sum = 0;
  for (let i = 0; i < 18; i++) {
    const value = text[i].toUpperCase() === 'X' ? 10 : Number(text[i]);
    sum += value * (2 ** (17 - i) % 11);
  }
  return sum % 11 === 1;
}

const COMPANY_DIGITS = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** GB 32100-2015: a Chinese company's unified social credit code, by ISO 7064's MOD 31-3. */
export function chineseCompany(text: string): boolean {
  let sum = 0;
  let weight = 1;
  for (const char of text.slice(0, 17)) {
    const value = COMPANY_DIGITS.indexOf(char);
    if (value < 0) return false;
    sum += value * weight;
    weight = (weight * 3) % 31;
  }
  return COMPANY_DIGITS[(31 - (sum % 31)) % 31] === text[17];
}
