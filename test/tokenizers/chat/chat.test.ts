/** Chat templates, against Jinja as Transformers sets it up (recorded in templates.json with jinja2 3.1.6). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ChatMessage, renderChat } from '../../../src/tokenizers/chat/chat.ts';
import { hasGenerationTags, renderJinja } from '../../../src/tokenizers/chat/jinja.ts';
import { strftime } from '../../../src/tokenizers/chat/strftime.ts';

interface Recorded {
  name: string;
  template: string;
  messages: ChatMessage[];
  kwargs: { tools?: Record<string, unknown>[]; add_generation_prompt?: boolean };
  text?: string;
  generated?: [number, number][];
  error?: string;
}

const recorded: Recorded[] = JSON.parse(readFileSync('test/fixtures/tokenizers/chat/templates.json', 'utf8'));
const SPECIAL = { bos_token: '<s>', eos_token: '</s>' };

describe.each(recorded)('$name, $kwargs, for $messages.length messages', ({ template, messages, kwargs, ...want }) => {
  const options = { tools: kwargs.tools, addGenerationPrompt: kwargs.add_generation_prompt };
  const render = (tracks: boolean) => renderChat(messages, template, SPECIAL, options, tracks);

  it('gives what Jinja gives', () => {
    if (want.error !== undefined) expect(() => render(false)).toThrow(expect.objectContaining({ name: 'UserError' }));
    else expect(render(false).text).toBe(want.text);
  });

  if (!hasGenerationTags(template)) return;
  it('finds what the assistant writes', () => {
    const { text, generated } = render(true);
    expect(text).toBe(want.text);
    expect(generated.map(({ start, end }) => [start, end])).toEqual(want.generated);
  });
});

describe('which template is taken', () => {
  const templates = [
    { name: 'default', template: 'd' },
    { name: 'tool_use', template: 't' },
  ];
  const text = (options: object, of: typeof templates | string | null = templates): string =>
    renderChat([], of, {}, options, false).text;

  it('goes by name, then by tools', () => {
    expect(text({})).toBe('d');
    expect(text({ tools: [] })).toBe('t');
    expect(text({ tools: [], chatTemplate: 'default' })).toBe('d');
    expect(text({ chatTemplate: 'mine' })).toBe('mine');
    expect(text({ tools: [] }, 'only')).toBe('only');
  });
  it('must be known', () => {
    expect(() => text({}, null)).toThrow(/no chat template/);
    expect(() => text({}, [{ name: 'rag', template: 'r' }])).toThrow(/none is the default/);
  });
});

describe('continuing the final message', () => {
  const trims = '{% for m in messages %}[{{ m.content | trim }}]{% endfor %}';
  const keeps = '{% for m in messages %}[{{ m.content }}]{% endfor %}';
  const continued = (template: string, content: ChatMessage['content'], options: object = {}): string =>
    renderChat([{ role: 'user', content }], template, {}, { continueFinalMessage: true, ...options }, false).text;

  it('ends where the message ends', () => {
    expect(continued(trims, ' a b ')).toBe('[a b');
    expect(continued(keeps, ' a b ')).toBe('[ a b ');
  });
  it('takes the last part with text', () => {
    const template = '{% for m in messages %}{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endfor %}';
    expect(continued(template, [{ type: 'text', text: 'x' }, { type: 'text', text: 'y' }, { type: 'image' }])).toBe(
      '<x><y',
    );
  });
  it('needs a message that the template renders, and nothing else to end with', () => {
    expect(() => continued('nothing', 'a')).toThrow(/does not render the final message/);
    expect(() => continued(keeps, null)).toThrow(/no text to continue/);
    expect(() => continued(keeps, 'a', { addGenerationPrompt: true })).toThrow(/goes without a generation prompt/);
  });
});

describe('what goes wrong is one error', () => {
  it.each([
    '{% if %}',
    '{{ a',
    '{% for x in 5 %}{% endfor %}',
    '{{ x() }}',
    '{{ range(9000000000) }}',
    '{{ 1 + {} }}',
  ])('%s', template => {
    expect(() => renderJinja(template, {})).toThrow(expect.objectContaining({ code: 'TSLM_CHAT_TEMPLATE' }));
  });
  it('as is a mask of a template that leaves out what the assistant says', () => {
    const messages = [{ role: 'assistant', content: 'a' }];
    expect(() => renderChat(messages, 'x', {}, {}, true)).toThrow(/message 1, the assistant's.* cannot be found again/);
  });
});

describe('bodies of generation tags', () => {
  const render = (template: string) => renderChat([], template, { l: [1, 2] }, {}, true);
  it('are functions, as in Transformers: what they set stays inside', () => {
    expect(render('{% generation %}{% set x = 1 %}a{{ x }}{% endgeneration %}[{{ x }}]').text).toBe('a1[]');
    const broken = '{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}';
    expect(() => render(broken)).toThrow(/'break' outside loop/);
  });
  it('are counted in code points from the start of the text', () => {
    const template = '😀{% for x in l %}{% generation %}é{{ x }}{% endgeneration %}-{% endfor %}';
    expect(render(template)).toEqual({
      text: '😀é1-é2-',
      by: 'tags',
      generated: [
        { start: 1, end: 3 },
        { start: 4, end: 6 },
      ],
    });
  });
});

it('continues within another field of the final message', () => {
  const template = '{% for m in messages %}<think>{{ m.reasoning_content }}</think>{{ m.content }}{% endfor %}';
  const messages = [{ role: 'assistant', content: 'b', reasoning_content: 'so ' }];
  const options = { continueFinalMessage: 'reasoning_content' };
  expect(renderChat(messages, template, {}, options, false).text).toBe('<think>so ');
  expect(() => renderChat(messages, template, {}, { continueFinalMessage: 'thoughts' }, false)).toThrow(
    /no "thoughts"/,
  );
});

describe('dates', () => {
  const recordedDates: [number[], string, string][] = JSON.parse(
    readFileSync('test/fixtures/jinja/strftime.json', 'utf8'),
  );
  it.each(recordedDates)('%j as %s', ([year, month, ...rest], format, text) => {
    expect(strftime(new Date(year, month - 1, ...rest), format)).toBe(text);
  });
  it('are written as strftime does', () => {
    const date = new Date(2024, 2, 5, 15, 4, 9);
    expect(strftime(date, '%d %b %Y, %A %B %-d, %y-%m-%d %H:%M:%S %I %p %j %a %e %F %D %T %u %w %% %Q')).toBe(
      '05 Mar 2024, Tuesday March 5, 24-03-05 15:04:09 03 PM 065 Tue  5 2024-03-05 03/05/24 15:04:09 2 2 % %Q',
    );
    expect(renderJinja('{{ strftime_now("%Y") }}', {})).toBe(String(new Date().getFullYear()));
  });
});
