/** Conversations in a real browser, against the real routes and models that say what they are told. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GenerationRequest } from '../../src/engine/protocol.ts';
import { createApp } from '../../src/serve/http/app.ts';
import { listen } from '../../src/serve/http/listen.ts';
import { createStudio } from '../../src/serve/studio/studio.ts';
import { usageError } from '../../src/support/errors.ts';
import { fakeEngine, fakePool, textOfPrompt } from '../serve/fake-engine.ts';
import { chromiumPath, launchBrowser, namelessControls, openPage, paleTexts, type Watch } from './browser.ts';

const CONTEXT = 100;

function says({ prompt, constraint }: GenerationRequest): string {
  const text = textOfPrompt(prompt);
  if (text.length >= CONTEXT) throw usageError('TSLM_TOO_LONG', 'the prompt is too long', 'shorten the prompt');
  if (constraint) return '{"town":"Rom"}';
  if ('messages' in prompt && prompt.tools && !text.includes('tool:')) {
    return '<tool_call>{"name":"weather","arguments":{"town":"Rom"}}</tool_call>';
  }
  return ' and on';
}

interface Asked {
  prompt: { text?: string; messages?: { role: string; content: string }[] };
  constraint?: unknown;
}

describe.skipIf(chromiumPath === undefined)('a conversation in the studio', () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof listen>>;
  let open: { page: Page; watch: Watch } | undefined;
  const card = { contextLength: CONTEXT, abilities: ['generate', 'chat'] as const };
  const chatty = fakeEngine({ says, card: { ...card, id: 'chatty', hasChatTemplate: true } });
  const plain = fakeEngine({ says, card: { ...card, id: 'plain', hasChatTemplate: false } });
  const last = (engine = chatty): Asked => engine.requests.at(-1) as unknown as Asked;
  const roles = (): string[] => last().prompt.messages!.map(({ role }) => role);

  beforeAll(async () => {
    browser = await launchBrowser();
    const pool = fakePool(chatty, plain);
    server = await listen(createApp({ pool, studio: createStudio({ pool }) }), { port: 0 });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close(1000);
  });
  afterEach(async () => {
    await open!.page.context().close();
    expect([...open!.watch.hosts].filter(host => host !== '127.0.0.1' && host !== '')).toEqual([]);
    expect(open!.watch.errors).toEqual([]);
  });

  async function start(path = '', look: Parameters<typeof openPage>[2] = {}): Promise<Page> {
    open = await openPage(browser, `${server.url}/${path}`, look);
    open.page.setDefaultTimeout(10_000);
    return open.page;
  }
  const ask = async (page: Page, message: string): Promise<void> => {
    await page.locator('.composer textarea').fill(message);
    await page.locator('.composer textarea').press('Enter');
  };
  const answers = (page: Page, count: number) =>
    page
      .locator('article footer')
      .nth(count - 1)
      .waitFor();

  it('goes on after a message that was too long, which is then edited or deleted', async () => {
    const page = await start();
    await ask(page, 'Hi');
    await answers(page, 1);
    await ask(page, 'much '.repeat(30));
    await page.getByText('The conversation has 185 tokens, and the model sees 100 with its answer.').waitFor();
    await page.getByText('The last message has 150 of them.').waitFor();
    await ask(page, 'Short');
    await answers(page, 3);
    expect(roles()).toEqual(['user', 'assistant', 'user']);
    expect(await page.getByText('left out of what is sent').count()).toBe(1);

    await page.getByRole('button', { name: 'Edit' }).nth(1).click();
    await page.getByRole('textbox', { name: 'Message' }).first().fill('less');
    await page.getByRole('button', { name: 'Ask again' }).click();
    await answers(page, 2);
    expect(last().prompt.messages!.map(({ content }) => content)).toEqual(['Hi', ' and on', 'less']);
    expect(await page.locator('article').count()).toBe(2);
    await page.getByRole('button', { name: 'Delete' }).first().click();
    expect(await page.locator('article').count()).toBe(1);
    await ask(page, 'Now?');
    await answers(page, 2);
    expect(last().prompt.messages!.map(({ content }) => content)).toEqual(['less', ' and on', 'Now?']);
  });

  it('survives a reload, with what is being written', async () => {
    const page = await start();
    await ask(page, 'Hi');
    await answers(page, 1);
    await page.locator('.composer textarea').fill('And th');
    await page.getByLabel('Seed').fill('7');
    await page.reload();
    await answers(page, 1);
    expect(await page.locator('.tokens').textContent()).toBe(' and on');
    expect(await page.locator('.composer textarea').inputValue()).toBe('And th');
    expect(await page.getByLabel('Seed').inputValue()).toBe('7');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.reload();
    await page.getByText('Ask something').waitFor();
  });

  it('goes on with a text from where it ends', async () => {
    const page = await start();
    await page.getByRole('radio', { name: 'Completion' }).check();
    const composer = page.locator('.composer textarea');
    const goOn = page.getByRole('button', { name: 'Continue' });
    await composer.fill('On');
    await goOn.click();
    await answers(page, 1);
    await expect.poll(() => composer.inputValue()).toBe('On and on');
    await goOn.click();
    await expect.poll(() => last().prompt.text).toBe('On and on');
    await expect.poll(() => composer.inputValue()).toBe('On and on and on');
    expect(await page.locator('article').count()).toBe(1);
    expect(await page.locator('.tokens').textContent()).toBe(' and on and on');
    await page.getByRole('button', { name: 'Retry' }).click();
    await expect.poll(() => composer.inputValue()).toBe('On and on');
    await composer.fill('Other');
    await goOn.click();
    await answers(page, 2);
    expect(last().prompt.text).toBe('Other');

    await composer.fill('x'.repeat(CONTEXT));
    await goOn.click();
    await page.getByText('The text has 100 tokens, and the model sees 100 with what it writes.').waitFor();
  });

  it('asks a model without a template beside one that has it', async () => {
    const page = await start();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByText('plain has no chat template: it continues each message as a text.').waitFor();
    await ask(page, 'Hi');
    await answers(page, 2);
    expect(last().prompt.messages).toMatchObject([{ role: 'user', content: 'Hi' }]);
    expect(last(plain).prompt.text).toBe('Hi');
  });

  it('calls functions, and is told what they gave', async () => {
    const page = await start();
    await page.getByLabel('Functions').fill('[{"name": "weather", "parameters": {"type": "object"}}]');
    await ask(page, 'Sunny?');
    await page.getByText('weather({"town":"Rom"})').waitFor();
    await page.getByLabel('What weather gives').fill('sun');
    await page.locator('article').getByRole('button', { name: 'Send' }).click();
    await answers(page, 2);
    expect(roles()).toEqual(['user', 'assistant', 'tool']);
    expect(await page.locator('.tokens').last().textContent()).toBe(' and on');
    await ask(page, 'Thanks');
    await answers(page, 3);
    expect(roles()).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
    expect(await namelessControls(page)).toEqual([]);
    await page.getByRole('button', { name: 'Delete' }).first().click();
    expect(await page.locator('article').count()).toBe(1); // what the function gave went with its question
  });

  it('follows a schema, and says when what is typed is none', async () => {
    const page = await start();
    await page.getByLabel('JSON Schema').fill('{"type": "object"');
    await page.getByText('Not valid JSON').waitFor();
    await page.locator('.composer textarea').fill('A town');
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
    await page.getByLabel('JSON Schema').fill('{"type": "object"}');
    await page.locator('.composer textarea').press('Enter');
    await answers(page, 1);
    expect(last().constraint).toEqual({ kind: 'jsonSchema', schema: { type: 'object' } });
    expect(await page.locator('.tokens').textContent()).toBe('{"town":"Rom"}');
  });

  it('saves an answer with its probabilities', async () => {
    const page = await start();
    await ask(page, 'Hi');
    await answers(page, 1);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export probabilities' }).click();
    const { tokens, ...rest } = JSON.parse(readFileSync(await (await saved).path(), 'utf8'));
    expect(rest).toEqual({ model: 'chatty', prompt: 'Hi', text: ' and on' });
    expect(tokens.map(({ token }: { token: string }) => token).join('')).toBe(' and on');
    expect(tokens[0].logprob).toBeCloseTo(-0.5);
    expect(tokens[0].top_logprobs).toHaveLength(2);
  });

  it('says that an address has no page', async () => {
    const page = await start('#/trainings');
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Playground' }).click();
    await page.locator('.composer').waitFor();
  });

  it.each(['en-GB', 'zh-CN'])('has words on its buttons, on a phone as well (%s)', async locale => {
    const page = await start('', { viewport: { width: 390, height: 844 }, locale });
    await page.locator('.composer').waitFor();
    const texts: string[] = await page.evaluate(
      `[...document.querySelectorAll('.actions button, .tools button')].map(button => {
        const seen = [...button.childNodes].filter(node => node.nodeType === 3 || node.checkVisibility?.());
        const box = button.getBoundingClientRect();
        return box.right <= innerWidth && box.left >= 0 ? seen.map(node => node.textContent).join('').trim() : 'outside';
      })`,
    );
    expect(texts.length).toBeGreaterThan(4);
    expect(texts.filter(text => text === '' || text === 'outside')).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await paleTexts(page)).toEqual([]);
  });
});
