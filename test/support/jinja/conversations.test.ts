/** Templates as models have them, for conversations with tools, documents and reasoning (test/fixtures/jinja/record.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderJinja } from '../../../src/tokenizers/chat/jinja.ts';

const read = (name: string) => JSON.parse(readFileSync(`test/fixtures/jinja/${name}.json`, 'utf8'));

const { conversations, templates }: { conversations: Record<string, unknown>[]; templates: Record<string, string> } =
  read('conversations');
const rendered: Record<string, (string | null)[]> = read('conversations-rendered');

const outcome = (template: string, conversation: Record<string, unknown>): string | null => {
  try {
    return renderJinja(template, { tools: null, documents: null, ...conversation });
  } catch (error) {
    expect(error).toMatchObject({ code: 'TSLM_CHAT_TEMPLATE' });
    return null;
  }
};

describe('chat templates', () => {
  it('are many, and render most conversations', () => {
    const texts = Object.values(rendered).flat();
    expect(Object.keys(templates).length).toBeGreaterThanOrEqual(54);
    expect(Object.keys(rendered)).toEqual(Object.keys(templates));
    expect(texts.filter(text => text !== null).length).toBeGreaterThan(texts.length / 2);
  });
  it.each(Object.keys(templates))('%s', name => {
    expect(conversations.map(conversation => outcome(templates[name], conversation))).toEqual(rendered[name]);
  });
});
