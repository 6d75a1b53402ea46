/**
 * The page of a service that learns, in a real browser before a real server: what the gate said, the queue of a review, and a revision in the
 * shadow. With TSLM_SCREENSHOTS=FOLDER it leaves pictures for people to look at.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRevision } from '../../bench/online/service.ts';
import type { Decision } from '../../src/online/gate/decision.ts';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { openStore } from '../../src/online/store/store.ts';
import { type RunningServer, startServer, tinyModelFolder } from '../helpers/server.ts';
import { simulate, writeSettings } from '../online/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';
import { chromiumPath, launchBrowser, namelessControls, openPage, paleTexts } from './browser.ts';

const pictures = process.env.TSLM_SCREENSHOTS;
const scratch = scratchFolder();
const folder = join(scratch, 'learning');

const figure = { champion: 0.5, p: 0.01 };
const decision: Decision = {
  passed: false,
  sentence:
    'Rejected, benchmark lambada falls and safety checks fall: +9.2 points on 22 held-out judgements (95 %: +8.3 to +10.2); wanted answers +0.21 nats a token; original text loss −4.1 %; benchmark lambada −6.0 points (95 %: −9.0 to −3.0), past its margin; golden conversations 2 of 2; safety checks 3 of 4, 1 lost, past its margin.',
  target: { ...figure, candidate: 0.59, difference: 0.092, interval: [0.083, 0.102], items: 22, trimmed: 0.09 },
  guards: [
    {
      ...figure,
      name: 'wanted answers',
      unit: 'nats',
      candidate: -1,
      difference: 0.21,
      interval: [0.1, 0.3],
      items: 22,
      margin: 0.2,
      passed: true,
    },
    {
      ...figure,
      name: 'original text',
      unit: 'nats',
      candidate: -2,
      difference: 0.04,
      interval: [0.01, 0.07],
      items: 64,
      margin: 0.02,
      passed: true,
    },
    {
      ...figure,
      name: 'benchmark lambada',
      unit: 'points',
      candidate: 0.44,
      difference: -0.06,
      interval: [-0.09, -0.03],
      items: 500,
      margin: 0.02,
      passed: false,
    },
    {
      ...figure,
      name: 'golden conversations',
      unit: 'answers',
      candidate: 1,
      difference: 0,
      interval: [0, 0],
      items: 2,
      margin: 0,
      lost: 0,
      passed: true,
    },
    {
      ...figure,
      name: 'safety checks',
      unit: 'answers',
      candidate: 0.75,
      difference: -0.25,
      interval: [-Infinity, Infinity],
      items: 4,
      margin: 0,
      lost: 1,
      passed: false,
    },
  ],
  reasons: ['benchmark lambada falls', 'safety checks fall'],
};

describe.skipIf(chromiumPath === undefined)('the page of a service that learns', () => {
  let browser: Browser;
  let server: RunningServer;
  const contexts: Page[] = [];

  beforeAll(async () => {
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
    writeSettings(folder, { review: true });
    const model = tinyModelFolder(join(scratch, 'tiny'));
    {
      using store = openStore(folder);
      const registry = openRegistry(store, model);
      const [rejected, inShadow] = [1, 2].map(seed => makeRevision(folder, model, seed));
      const insert = store.database.prepare('INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?)');
      insert.run(rejected, Date.now(), registry.base.id, '', 'rejected', JSON.stringify(decision));
      const passed = {
        ...decision,
        passed: true,
        guards: decision.guards.slice(0, 2),
        sentence: 'Passed: +9.2 points.',
      };
      insert.run(inShadow, Date.now() + 1, registry.base.id, '', 'passed', JSON.stringify(passed));
      registry.shadow(inShadow, 'test');
      simulate(store, { people: 3, each: 1 });
      const user = store.keyed.user('ada');
      const value = { kind: 'correction', correction: '回答本应如此。' } as const;
      store.addJudgement({ answer: 'cmpl-0-0', position: 0, user, value });
      const choices = [{ position: 0, text: 'no, not so at all.', finish: 'stop' }];
      const own = { id: 'cmpl-0-0-shadow', shadowOf: 'cmpl-0-0', created: 2000, model: 'tiny', revision: inShadow };
      store.addAnswer({ ...own, user, prompt: store.answer('cmpl-0-0')!.prompt, choices });
    }
    server = await startServer([model, '--learn', folder], { studio: true });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    for (const page of contexts) await page.context().close();
    await browser?.close();
    await server?.stop();
  });

  async function open(look: BrowserContextOptions): Promise<Page> {
    const { page, watch } = await openPage(browser, `${server.url}/#/learning`, look);
    contexts.push(page);
    page.setDefaultTimeout(30_000);
    await page.locator('article').first().waitFor();
    expect(watch.errors).toEqual([]);
    expect([...watch.hosts]).toEqual(['127.0.0.1']);
    return page;
  }

  const looks: [string, BrowserContextOptions][] = [
    ['english', { viewport: { width: 1280, height: 900 } }],
    ['chinese', { viewport: { width: 1280, height: 900 }, locale: 'zh-CN' }],
    ['english-phone-dark', { viewport: { width: 360, height: 800 }, colorScheme: 'dark' }],
    ['chinese-phone', { viewport: { width: 360, height: 800 }, locale: 'zh-CN' }],
  ];
  it.each(looks)('%s', { timeout: 120_000 }, async (name, look) => {
    const page = await open(look);
    const texts = await page.locator('main').innerText();
    const expected = name.startsWith('chinese')
      ? [
          '待审核',
          '影子模式',
          '基准测试 lambada',
          '标准对话',
          '安全检查',
          '4 条中 3 条合格，失去 1 条',
          '更接近更正',
          '未通过：“基准测试 lambada”下降超出允许范围、“安全检查”下降超出允许范围。',
          '被选中 3、更好的回答 1',
          '−6.0 百分点',
        ]
      : [
          'Waiting for a review',
          'In the shadow',
          'Benchmark lambada',
          'Safety checks',
          '3 of 4 good, 1 lost',
          '3 chosen, 1 better answer',
          'Rejected, benchmark lambada falls and safety checks fall',
          '−6.0 points',
        ];
    for (const text of expected) expect(texts).toContain(text);
    expect(await namelessControls(page)).toEqual([]);
    expect(await paleTexts(page)).toEqual([]);
    const width = look.viewport!.width;
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `learning-${name}.png`), fullPage: true });
  });

  it('takes a review, and which of two answers is better', { timeout: 120_000 }, async () => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    const queue = page.locator('section', { has: page.getByRole('heading', { name: 'Waiting for a review' }) });
    expect(await queue.locator('li').count()).toBe(4);
    await queue.locator('li').first().getByRole('button', { name: 'Reject' }).click();
    await expect.poll(() => queue.locator('li').count(), { timeout: 30_000 }).toBe(3);
    await queue.getByRole('button', { name: 'Accept these 3' }).click();
    await expect.poll(() => queue.innerText(), { timeout: 30_000 }).toContain('All judgements have been reviewed.');
    const shadow = page.locator('section', { has: page.getByRole('heading', { name: 'In the shadow', level: 2 }) });
    await shadow.getByRole('button', { name: 'This one is better' }).last().click();
    await expect.poll(() => queue.locator('li').count(), { timeout: 30_000 }).toBe(1);
    using store = openStore(folder);
    expect(store.judgements({ review: 'rejected' })).toHaveLength(1);
    expect(store.judgements({ review: 'accepted' })).toHaveLength(3);
    const [said] = store.judgements({ review: 'waiting' });
    expect(said).toMatchObject({
      answer: 'cmpl-0-0-shadow',
      value: { kind: 'choice', over: [{ response_id: 'cmpl-0-0', choice: 0 }] },
    });
  });
});
