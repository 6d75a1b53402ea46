/** ajv's formats, and in place of those that know less than their standard, others. */
import type { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

/** RFC 5321 as far as texts are drawn: quoted names, domains of one label, addresses in brackets. */
const ATOMS = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const DOMAIN = /^[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/i;

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [name, domain] = [text.slice(0, at), text.slice(at + 1)];
  const isName = ATOMS.test(name) || /^"([ !#-[\]-~]|\\[ -~])*"$/.test(name);
  return at >= 0 && isName && (DOMAIN.test(domain) || /^\[(IPv6:[\da-f:.]+|[\d.]+)\]$/i.test(domain));
}

/** RFC 3986 lets a scheme stand alone, with an empty path; ajv's expression wants more. */
const SCHEME_ALONE = /^[a-z][a-z\d+.-]*:$/i;

export function addStandardFormats(ajv: Ajv): void {
  addFormats.default(ajv);
  for (const name of ['uri', 'iri'] as const) {
    const known = ajv.formats[name];
    if (known instanceof RegExp || typeof known === 'function') {
      const isKnown = (text: string): boolean =>
        known instanceof RegExp ? known.test(text) : Boolean(known(text as never));
      ajv.addFormat(name, text => SCHEME_ALONE.test(text) || isKnown(text));
    }
  }
  ajv.addFormat('email', isEmail);
}
