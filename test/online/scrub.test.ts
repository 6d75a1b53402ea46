/** What is taken out of texts before they are written. Numbers are examples of the standards, or made up. */
import { describe, expect, it } from 'vitest';
import { chineseCompany, chineseIdentity, iban, luhn } from '../../src/online/scrub/checks.ts';
import { createScrubber, scrubSaid } from '../../src/online/scrub/scrub.ts';

const keyed = { digest: (text: string) => Buffer.from(text).toString('hex').padEnd(12, '0').slice(-12) };
const scrub = createScrubber(keyed);

describe('check digits', () => {
  it('are those of the standards', () => {
    expect(['4111111111111111', '378282246310005', '6217000010001234567'].map(luhn)).toEqual([true, true, false]);
    expect(['DE89370400440532013000', 'GB82WEST12345698765432', 'DE89370400440532013001'].map(iban)).toEqual([
      true,
      true,
      false,
    ]);
    expect(
      ['11010519491231002X', '440524188001010014', '110105194912310021', '11010519491331002X'].map(chineseIdentity),
    ).toEqual([true, false, false, false]);
    expect(['91350100M000100Y43', '91350100M000100Y44'].map(chineseCompany)).toEqual([true, false]);
  });
});

describe('texts', () => {
  it.each([
    ['write to bob.smith@corp.example.org today', 'write to <EMAIL> today'],
    ['call +49 30 901820, (415) 555-2671 or 138 1234 5678', 'call <PHONE>, <PHONE> or <PHONE>'],
    ['card 4111 1111 1111 1111, not 4111 1111 1111 1112', 'card <CARD>, not 4111 1111 1111 1112'],
    ['IBAN DE89 3704 0044 0532 0130 00.', 'IBAN <IBAN>.'],
    ['身份证号码11010519491231002X,电话13812345678。', '身份证号码<IDENTITY>,电话<PHONE>。'],
    ['公司 91350100M000100Y43, 车牌 京A12345 和粤BD12345', '公司 <COMPANY>, 车牌 <PLATE> 和<PLATE>'],
    ['10.0.0.7 and 2001:db8::1 at 12:30:45 in v1.2.3', '<IP> and <IP> at 12:30:45 in v1.2.3'],
    ['see https://x.example/a?q=1, or www.x.example/b', 'see <URL> or <URL>'],
    ['sk-proj-abcdefghijklmnop1234 and AKIAIOSFODNN7EXAMPLE', '<KEY> and <KEY>'],
    [
      'in 2024-01-02 there were 12345678901234567 tokens, 3.14159',
      'in 2024-01-02 there were 12345678901234567 tokens, 3.14159',
    ],
  ])('%s', (text, clean) => {
    expect(scrub(text)).toBe(clean);
  });

  it('are counted by kind', () => {
    scrub.take();
    scrub('a@b.example and c@d.example, 10.0.0.7');
    expect(scrub.take()).toEqual({ email: 2, ip: 1 });
    expect(scrub.take()).toEqual({});
  });

  it('keep what the operator keeps', () => {
    const text = 'ab@c.example, then ab@c.example';
    expect(createScrubber(keyed, { operator: 'mask' })(text)).toBe('************, then ************');
    const hashed = createScrubber(keyed, { operator: 'hash' })(text);
    expect(hashed).toMatch(/^<EMAIL:(\w{12})>, then <EMAIL:\1>$/);
    expect(createScrubber(keyed, { operator: 'pseudonym' })(text)).toMatch(/^(user-\w{8}@example\.com), then \1$/);
  });

  it('lose what own patterns name, and keep kinds that are not asked for', () => {
    const own = createScrubber(keyed, { kinds: ['ip'], patterns: { ticket: /\bT-\d+\b/gu } });
    expect(own('T-123 of a@b.example at 10.0.0.7')).toBe('<TICKET> of a@b.example at <IP>');
  });

  it('are found inside of messages', () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'I am a@b.example' }] }];
    expect(scrubSaid(messages as never, scrub)).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'I am <EMAIL>' }] },
    ]);
  });
});
