/** URIs and IRIs (RFC 3986, 3987) as patterns, rule by rule as the standards have them. */

const HEX = '%[0-9A-Fa-f]{2}';
/** Characters beyond ASCII that an IRI may have, and those that only its query may. */
const WIDE =
  '\\u00a0-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\uffef' +
  Array.from({ length: 14 }, (_, i) => {
    const plane = (i + 1).toString(16);
    return `\\u{${plane}${i === 13 ? '1' : '0'}000}-\\u{${plane}fffd}`;
  }).join('');
const PRIVATE = '\\ue000-\\uf8ff\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}';

export function uriPatterns(
  ipv4: string,
  ipv6: string,
): Record<'uri' | 'uri-reference' | 'iri' | 'iri-reference', string> {
  const patterns = (wide: string, ofQuery: string): { whole: string; reference: string } => {
    const plain = `A-Za-z0-9._~!$&'()*+,;=${wide}-`;
    const pchar = `(?:[:@${plain}]|${HEX})`;
    const noColon = `(?:[@${plain}]|${HEX})`;
    const user = `(?:[:${plain}]|${HEX})*`;
    const name = `(?:[${plain}]|${HEX})*`;
    const literal = `\\[(?:${ipv6}|[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]`;
    const authority = `//(?:${user}@)?(?:${literal}|${ipv4}|${name})(?::\\d*)?(?:/${pchar}*)*`;
    const absolute = `/(?:${pchar}+(?:/${pchar}*)*)?`;
    const rootless = `${pchar}+(?:/${pchar}*)*`;
    const fragment = `(?:#(?:${pchar}|[/?])*)?`;
    const tail = `(?:\\?(?:${pchar}|[/?${ofQuery}])*)?${fragment}`;
    const noScheme = `${noColon}+(?:/${pchar}*)*`;
    const whole = `[A-Za-z][A-Za-z0-9+.-]*:(?:${authority}|${absolute}|${rootless})?${tail}`;
    return { whole, reference: `(?:${whole}|(?:${authority}|${absolute}|${noScheme})?${tail})` };
  };
  const uri = patterns('', '');
  const iri = patterns(WIDE, PRIVATE);
  return { uri: uri.whole, 'uri-reference': uri.reference, iri: iri.whole, 'iri-reference': iri.reference };
}
