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

export function addStandardFormats(ajv: Ajv): void {
  addFormats.default(ajv);
  ajv.addFormat('email', isEmail);
}
