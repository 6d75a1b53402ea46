/** The page in a real browser, against models that are not there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { readPromptFile } from '../../src/prompt/program/prompt-file.ts';
import { appendMetrics, fakeRun, metricsLine } from '../serve/studio/helpers.ts';
import { fakeEvaluations, fakeSelection, fakeSweep, trialEvents } from '../serve/studio/result-files.ts';
import { chromiumPath, launchBrowser, namelessControls, openPage, paleTexts, type Watch } from './browser.ts';
import { fakeCard } from './fake-pool.ts';
import { type MockOptions, type MockServer, startMockServer } from './mock-server.ts';

if (chromiumPath === undefined) {
  console.warn('studio: no Chromium here, so the page is not tested (apt-get install chromium, or set CHROMIUM)');
}

/** Of the first chart, in the colour of the first curve. */
const drawnPixels = (page: Page): Promise<number> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('figure canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] === 11 && data[i + 1] === 98 && data[i + 2] === 168) count++;
    return count;
  })()`);

const PAGES = ['playground', 'reasoning', 'inside', 'runs', 'evaluations', 'sweeps', 'models'] as const;

describe.skipIf(chromiumPath === undefined)('the studio in a browser', () => {
  let browser: Browser;
  let folder: string;
  let runs: string;
  let open: { server: MockServer; page: Page; watch: Watch }[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    folder = mkdtempSync(join(tmpdir(), 'tslm-page-'));
    runs = join(folder, 'runs');
    const samples = [100, 200].flatMap(step => [{ step, prompt: 'Once', text: ` upon step ${step}` }]);
    fakeRun(runs, 'base', { steps: 200, samples });
    fakeRun(runs, 'wide', { steps: 200, train: { batchSize: 32 } });
    using model = createModel('gpt2', { vocabSize: 64, layers: 2, hidden: 16, heads: 2, context: 32 }, { seed: 1 });
    saveModel(join(folder, 'model'), model);
    await fakeEvaluations(join(folder, 'results'));
    fakeSweep(join(folder, 'results', 'lr'), trialEvents(6));
    fakeSelection(join(folder, 'results', 'choice'));
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    const finished = open;
    open = [];
    for (const { server, page, watch } of finished) {
      await page.context().close();
      await server.close();
      expect([...watch.hosts]).toEqual(['127.0.0.1']);
      expect(watch.errors).toEqual([]);
    }
  });

  async function start(path: string, options: MockOptions = {}, look: Parameters<typeof openPage>[2] = {}) {
    const server = await startMockServer({ runs: [runs], results: [join(folder, 'results')], ...options });
    const { page, watch } = await openPage(browser, `${server.address}/${path}`, look);
    page.setDefaultTimeout(10_000);
    open.push({ server, page, watch });
    return { server, page };
  }

  const twoModels = () => [
    fakeCard('storyteller', { path: join(folder, 'model') }),
    fakeCard('plain', { hasChatTemplate: false }),
  ];
  const answer = (page: Page) => page.locator('.tokens').last();

  async function ask(page: Page, message = 'Tell me a story.'): Promise<void> {
    await page.getByLabel('Message').fill(message);
    await page.keyboard.press('Enter');
  }

  it('streams an answer, and shows of each token how probable it was', async () => {
    const { page, server } = await start('', { delay: 8 });
    await ask(page);
    const tokens = page.locator('[data-token]');
    await tokens.nth(3).waitFor();
    const early = await tokens.count();
    await page.getByRole('button', { name: 'Retry' }).waitFor();
    expect(await tokens.count()).toBeGreaterThan(early);
    expect(await answer(page).textContent()).toMatch(/^There was once .*storm 🌊 – there .* did not know\.$/s);
    expect(await page.getByText(/\d+ tokens$/).count()).toBe(1);

    await tokens.nth(5).hover();
    const tooltip = page.getByRole('tooltip');
    expect(await tooltip.textContent()).toMatch(/\d %.*probability/);
    expect(await tooltip.getByRole('listitem').count()).toBeGreaterThan(3);
    await page.getByLabel('Message').hover();
    expect(await tooltip.count()).toBe(0);

    await tokens.nth(0).focus();
    await page.keyboard.press('ArrowRight');
    expect(await tokens.nth(1).evaluate('document.activeElement.dataset.token')).toBe('1');
    expect(await tooltip.isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await tooltip.count()).toBe(0);

    await ask(page, 'Go on.');
    await page.getByText('Go on.').waitFor();
    const { messages } = (server.pool.asked.at(-1)!.input as { prompt: { messages: { role: string }[] } }).prompt;
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('stops, and tries again', async () => {
    const { page } = await start('', { delay: 60 });
    await ask(page);
    await page.locator('[data-token="3"]').waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText('Stopped').waitFor();
    const text = await answer(page).textContent();
    await page.waitForTimeout(200);
    expect(await answer(page).textContent()).toBe(text);
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    expect(await page.getByText('Stopped').count()).toBe(0);
  });

  it('says that the server left in the middle of an answer', async () => {
    const { page, server } = await start('', { delay: 30 });
    await ask(page);
    await page.locator('[data-token="3"]').waitFor();
    await server.close();
    await page.locator('article').getByText('The server does not answer.').waitFor();
    await page.getByText('Server gone').waitFor();
    expect(await answer(page).textContent()).toContain('There was once');
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(true);
  });

  it('sends the settings, and writes the request as code', async () => {
    const { page, server } = await start('');
    await page.getByRole('slider', { name: 'Temperature' }).fill('0.5');
    await page.getByRole('slider', { name: 'Min-p' }).fill('0.1');
    await page.getByLabel('Seed').fill('12x3');
    await page.getByLabel('System prompt').fill('Be brief.');
    await page.getByLabel('Maximum tokens').fill('5');
    await page.getByLabel('Stop sequences').fill('END');
    await ask(page);
    await page.getByText('Cut off at the token limit').waitFor();
    const { sampling } = server.pool.asked[0].input as { sampling: Record<string, unknown> };
    expect(sampling).toMatchObject({ temperature: 0.5, min_p: 0.1, seed: 123, max_tokens: 5, stop: ['END'] });
    expect(sampling).not.toHaveProperty('top_p');
    expect(sampling.messages).toMatchObject([{ role: 'system', content: 'Be brief.' }, { role: 'user' }]);

    await page.getByRole('button', { name: 'As code' }).click();
    const code = page.locator('[data-code]');
    expect(await code.textContent()).toMatch(/^curl -N http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions/);
    await page.getByRole('radio', { name: 'TypeScript' }).check();
    expect(await code.textContent()).toContain("import OpenAI from 'openai'");
    expect(await code.textContent()).toContain('Tell me a story.');
    await page.getByRole('button', { name: 'Copy' }).last().click();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('compares two models side by side', async () => {
    const { page, server } = await start('', { cards: [fakeCard('one'), fakeCard('two')] });
    await page.getByRole('button', { name: 'Compare' }).click();
    await ask(page);
    await page.getByRole('button', { name: 'Retry' }).nth(1).waitFor();
    expect(server.pool.asked.map(({ model }) => model).sort()).toEqual(['one', 'two']);
    expect(await page.locator('.tokens').count()).toBe(2);
  });

  it('says what to do with a model that cannot chat', async () => {
    const { page, server } = await start('', { cards: twoModels() });
    await page.getByLabel('Model').selectOption('plain');
    await page.getByText('plain has no chat template').waitFor();
    await page.getByRole('button', { name: 'Use completion' }).click();
    await page.getByLabel('Text to continue').fill('Once');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Retry' }).waitFor();
    expect(server.pool.asked[0].input).toMatchObject({ prompt: { text: 'Once' } });
    expect(await answer(page).textContent()).toContain('lighthouse keeper');
  });

  it('speaks Chinese, and goes dark, and remembers both', async () => {
    const { page } = await start('#/runs');
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('heading', { name: '训练', level: 1 }).waitFor();
    await page.getByRole('button', { name: /主题/ }).click();
    await page.getByRole('button', { name: /主题/ }).click();
    await page.reload();
    await page.getByRole('heading', { name: '训练', level: 1 }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('zh-Hans');
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe('rgb(20, 22, 26)');
  });

  it('follows the language and the theme of the system', async () => {
    const { page } = await start('#/models', {}, { locale: 'zh-CN', colorScheme: 'dark' });
    await page.getByRole('heading', { name: '模型', level: 1 }).waitFor();
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(20, 22, 26)');
  });

  /** Sums whose third chain is wrong. */
  const say = (prompt: string, index: number): string => {
    if (prompt.includes('Can this lead')) return prompt.includes('so ') ? 'sure' : 'impossible';
    const [a, b] = /(\d+) \+ (\d+)\?\nA:/
      .exec(prompt.slice(prompt.lastIndexOf('Q:')))!
      .slice(1)
      .map(Number);
    if (/A:[^Q]* and /.test(prompt.slice(prompt.lastIndexOf('Q:')))) return ` so ${a + b}.`; // as far as it has come
    return index % 3 === 2 ? ` It must be ${a}.` : ` ${a} and ${b},\n so ${a + b}.`;
  };

  it('shows chains as they grow, their votes and what they cost', async () => {
    const { page, server } = await start('#/reasoning', { say, delay: 15 });
    await page.getByLabel('question', { exact: true }).fill('What is 2 + 3?');
    await page.getByLabel('Right answer').fill('5');
    await page.getByLabel('samples').fill('6');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('heading', { name: 'Being written' }).waitFor();
    await page.getByText('Answer: 5').waitFor();
    expect(await page.getByText('✓ right').count()).toBe(1);
    expect(await page.getByRole('heading', { name: 'Being written' }).count()).toBe(0);
    expect(await page.getByRole('heading', { name: /^Chain \d$/ }).count()).toBe(6);
    const votes = page.locator('section', { hasText: 'Votes' }).getByRole('listitem');
    expect(await votes.allTextContents()).toEqual([expect.stringMatching(/5\s*4/), expect.stringMatching(/2\s*2/)]);
    expect(await page.getByText('Tokens computed').count()).toBe(1);
    expect(server.pool.asked[0].input).toMatchObject({ n: 6, prompt: { text: 'Q: What is 2 + 3?\nA:' } });
  });

  it('shows the tree of thoughts, and stops', async () => {
    const { page } = await start('#/reasoning', { say, delay: 2 });
    await page.getByLabel('question', { exact: true }).fill('What is 2 + 3?');
    await page.getByLabel('Strategy').selectOption('tree-of-thoughts');
    await page.getByText('a search over lines of a solution').waitFor();
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('heading', { name: 'Tree' }).waitFor();
    await page.getByText('Answer: 5').waitFor();
    const first = page.locator('.thought', { hasText: '2 and 3,' });
    expect(await first.textContent()).toMatch(/worth/);
    expect(await page.locator('li li .thought', { hasText: 'so 5.' }).count()).toBeGreaterThan(0);
    await page.getByLabel('Strategy').selectOption('self-consistency');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped').waitFor();
  });

  it('puts a table of cases to a model', async () => {
    const { page, server } = await start('#/reasoning', { say });
    await page.getByLabel('Template of a question').fill('Q: What is {{ a }} + {{ b }}?\nA:');
    await page.getByLabel('Strategy').selectOption('direct');
    await page.getByRole('radio', { name: 'Table of cases' }).check();
    await page.getByRole('button', { name: 'Add a row' }).click();
    const cells = [
      ['2', '3', '5'],
      ['1', '1', '3'],
      ['4', '4', '8'],
    ];
    for (const [i, [a, b, right]] of cells.entries()) {
      await page.getByLabel(`a, row ${i + 1}`, { exact: true }).fill(a);
      await page.getByLabel(`b, row ${i + 1}`, { exact: true }).fill(b);
      await page.getByLabel(`Right answer, row ${i + 1}`).fill(right);
    }
    await page.getByLabel('Example, row 3').check();
    await page.getByRole('button', { name: 'Ask all rows' }).click();
    await page.getByText('Right: 1 / 2 = 50.0 % (95 %: 9.5 % – 90.5 %)').waitFor();
    const rows = page.getByRole('row');
    expect(await rows.nth(1).textContent()).toContain('✓ right');
    expect(await rows.nth(2).textContent()).toContain('✗ wrong');
    expect(server.pool.asked).toHaveLength(2);
    const texts = server.pool.asked.map(({ input }) => (input as { prompt: { text: string } }).prompt.text).sort();
    expect(texts[1]).toBe('Q: What is 4 + 4?\nA: 8.\n\nQ: What is 2 + 3?\nA:');
    await page.getByRole('button', { name: 'Remove row 3' }).click();
    expect(await rows.count()).toBe(3);
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as a prompt file' }).click();
    const file = readPromptFile((await (await saving).path())!);
    expect(file.prompt.render({ a: '1', b: '2' })).toBe('Q: What is 1 + 2?\nA:');
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('button', { name: '全部提问' }).waitFor();
    await page.getByText('直接给出答案').waitFor();
  });

  it('shows where heads look', async () => {
    const { page } = await start('#/inside');
    await page.getByLabel('Sentence').fill('The cat sat on the mat.');
    await page.getByRole('button', { name: 'Look inside' }).click();
    const heads = page.getByRole('gridcell');
    await heads.first().waitFor();
    expect(await heads.count()).toBe(36);
    await page.getByRole('button', { name: 'Layer 2, head 3' }).click();
    await page.getByRole('heading', { name: 'Layer 2, head 3' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('heading', { name: 'Layer 3, head 3' }).waitFor();

    const looking = page.getByRole('toolbar').getByRole('button');
    await looking.nth(4).hover();
    await page.getByText('“·the” looks at').waitFor();
    await page.getByRole('img', { name: /Attention of 7 tokens/ }).hover({ position: { x: 5, y: 5 } });
    await page.getByText(/The → The\s*\d/).waitFor();
  });

  it('shows what layers would say', async () => {
    const { page } = await start('#/inside');
    await page.getByRole('radio', { name: 'Layer by layer' }).check();
    await page.getByLabel('Sentence').fill('The cat sat.');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.getByRole('rowheader', { name: 'Embeddings' }).waitFor();
    expect(await page.getByRole('row').count()).toBe(8);
    await page.locator('[data-cell="0.0"]').focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.getByRole('tooltip').getByRole('listitem').count()).toBe(5);
  });

  it('draws all three kinds of an encoder–decoder', async () => {
    const { page, server } = await start('#/inside', { cards: [fakeCard('t5', { architecture: 'encoder-decoder' })] });
    await page.getByLabel('What the decoder says').fill('Das Tier');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.getByRole('radio', { name: 'Decoder on encoder' }).check();
    await page.getByRole('img', { name: /Attention of 5 tokens/ }).waitFor();
    expect(server.pool.asked[0].input).toMatchObject({ target: 'Das Tier' });
  });

  it('draws curves that grow with their file', async () => {
    const own = join(folder, 'live');
    const run = fakeRun(own, 'live', { steps: 500, done: 50, hasEnded: false });
    const { page } = await start('#/runs', { runs: [own] });
    const loss = page.locator('figure').first();
    await loss.waitFor();
    expect(await loss.getAttribute('data-points')).toBe('5');
    expect(await drawnPixels(page)).toBeGreaterThan(50);
    appendMetrics(run, metricsLine(60), metricsLine(70), `${JSON.stringify({ step: 70, evalLoss: 2.5 })}\n`);
    await page.locator('figure[data-points="7"]').first().waitFor();
    await page.getByText('70 / 500').waitFor();
    expect(await page.getByText('Running').filter({ visible: true }).count()).toBe(1);
    expect(await page.locator('figure').count()).toBe(4);
    await page.getByLabel('Logarithmic').check();
    await page.getByLabel('Smoothing').fill('3');
    await page.getByText('over 7 points').waitFor();
    fakeRun(own, 'next', { steps: 500, done: 10, hasEnded: false });
    await page.getByRole('checkbox', { name: 'Draw next', checked: true }).waitFor();
  });

  it('overlays runs, and says how their recipes differ', async () => {
    const { page } = await start('#/runs');
    await page.getByLabel('Draw wide').waitFor();
    await page.getByRole('cell', { name: '32', exact: true }).waitFor();
    expect(await page.getByRole('rowheader', { name: 'train.batchSize' }).count()).toBe(1);
    await page.getByLabel('Draw wide').uncheck();
    expect(await page.getByText('train.batchSize').count()).toBe(0);
    await page.getByRole('link', { name: 'base' }).click();
    await page.getByText('upon step 200').waitFor();
    await page.locator('section').filter({ hasText: 'over time' }).getByRole('slider').press('ArrowLeft');
    await page.getByText('upon step 100').waitFor();
    await page.getByRole('link', { name: 'wide' }).waitFor();
    expect(await page.getByText('a'.repeat(64)).count()).toBe(1);
  });

  it('shows what one model got right and another wrong', async () => {
    const { page } = await start('#/evaluations');
    await page.getByRole('checkbox', { name: 'Compare runs/good' }).check();
    await page.getByText('Choose two evaluations').waitFor();
    await page.getByRole('checkbox', { name: 'Compare runs/poor' }).check();
    await page.getByText('runs/good is better than runs/poor').waitFor();
    await page.getByText('question 2', { exact: true }).waitFor();
    expect(await page.locator('article', { hasText: 'document' }).count()).toBe(20);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByText('question 27', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Both wrong 2' }).click();
    await page.getByText('question 29', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'runs/poor better 0' }).click();
    await page.getByText('There is no such sample.').waitFor();
    await page.getByRole('heading', { name: 'a is the only one' }).waitFor();
  });

  it('follows a sweep while it goes on', async () => {
    const { page } = await start('#/sweeps');
    await page.getByRole('link', { name: 'lr' }).click();
    await page.getByText('trial 5', { exact: true }).waitFor();
    expect(await page.locator('circle').count()).toBe(6);
    fakeSweep(join(folder, 'results', 'lr'), trialEvents(8));
    await page.getByText('trial 7', { exact: true }).waitFor();
    expect(await page.locator('circle').count()).toBe(8);
    expect(await page.locator('path[class~="marked"]').count()).toBe(1);
  });

  it('shows what a model is made of, and lets models come and go', async () => {
    const { page } = await start('#/models', { cards: [fakeCard('tiny', { path: join(folder, 'model') })] });
    await page.getByRole('link', { name: 'tiny' }).click();
    await page.getByText('GPT2', { exact: false }).first().waitFor();
    await page.getByText('layers.0–1').waitFor();
    expect(await page.getByText('"n_layer": 2').count()).toBe(1);
    await page.getByRole('link', { name: 'Models' }).first().click();

    await page.getByLabel('Folder on the server').fill('runs/missing');
    await page.getByRole('button', { name: 'Load a model' }).click();
    await page.getByText('→ give the folder of a model').waitFor();
    await page.getByLabel('Folder on the server').fill('runs/new');
    await page.getByRole('button', { name: 'Load a model' }).click();
    await page.getByRole('link', { name: 'new' }).waitFor();
    await page.getByRole('button', { name: 'Unload new' }).click();
    await page.getByRole('button', { name: 'Really unload new' }).click();
    await page.getByRole('link', { name: 'new' }).waitFor({ state: 'detached' });
  });

  it('asks for a key, and keeps it for the tab alone', async () => {
    const { page } = await start('#/models', { key: 'right' });
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await page.evaluate('document.activeElement.type')).toBe('password');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await dialog.getByText('Invalid key').waitFor();
    await dialog.getByLabel('Key').fill('right');
    await dialog.getByRole('button', { name: 'Use it' }).click();
    await page.getByRole('link', { name: 'storyteller' }).waitFor();
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('right');
    expect(await page.evaluate("sessionStorage.getItem('tslm-key')")).toBe('right');
  });

  it('says what to do where there is nothing', async () => {
    const { page, server } = await start('', { cards: [], runs: [join(folder, 'none')] });
    await page.getByRole('heading', { name: 'No model is loaded' }).waitFor();
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByText('tslm train recipes/quickstart.yaml').waitFor();
    await page.getByRole('link', { name: 'Inside' }).click();
    await page.getByRole('heading', { name: 'No model to inspect' }).waitFor();
    const { port } = server;
    await server.close();
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByText('Server gone').waitFor();
    await page.getByRole('alert').filter({ hasText: 'tslm serve' }).first().waitFor();
    const again = await startMockServer({ port, runs: [runs] });
    await page.getByText('Server ready').waitFor();
    await page.getByRole('link', { name: 'base' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    await again.close();
  });

  it('is walked through by keyboard', async () => {
    const { page } = await start('');
    await page.getByLabel('Message').waitFor();
    const focused = () => page.evaluate<string>('document.activeElement.textContent.trim()');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to content');
    expect((await page.getByText('Skip to content').boundingBox())!.y).toBeGreaterThan(0);
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.localName')).toBe('main');
    const seen: string[] = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press('Tab');
      seen.push(
        await page.evaluate("document.activeElement.localName + ' ' + (document.activeElement.ariaLabel ?? '')"),
      );
      const outline = await page.evaluate(`(() => {
        const element = document.activeElement;
        const shown = element.type === 'radio' ? element.nextElementSibling : element;
        return getComputedStyle(shown).outlineStyle;
      })()`);
      expect(outline, seen.at(-1)).not.toBe('none');
    }
    expect(seen).toContain('textarea Message');
    await page.getByLabel('Message').focus();
    await page.keyboard.type('Hello');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Retry' }).waitFor();
    await page.getByRole('link', { name: 'Inside' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Inside' }).waitFor();
  });

  it('is checked by what finds faults', async () => {
    const { page } = await openPage(browser, 'about:blank');
    await page.setContent('<p style="color:#999">pale</p><p>dark</p><button></button><label>A<input></label>');
    expect(await paleTexts(page)).toEqual(['2.85 pale']);
    expect(await namelessControls(page)).toEqual(['<button></button>']);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('can be read and named on every page (%s)', async colorScheme => {
    const { page } = await start('', { cards: twoModels() }, { colorScheme });
    await ask(page);
    await page.getByRole('button', { name: 'Retry' }).waitFor();
    const check = async (what: string): Promise<void> => {
      expect(await page.locator('h1').count(), what).toBe(1);
      expect(await namelessControls(page), what).toEqual([]);
      expect(await paleTexts(page), what).toEqual([]);
    };
    const go = (path: string): Promise<void> => page.evaluate(`location.hash = '#/${path}'`);
    await page.locator('[data-token="5"]').focus();
    await page.getByRole('tooltip').waitFor();
    await check('playground');
    await page.getByRole('button', { name: 'As code' }).click();
    await check('request');
    await page.keyboard.press('Escape');

    await go('reasoning');
    await page.getByLabel('question', { exact: true }).fill('What is 2 + 3?');
    await page.getByLabel('Right answer').fill('5');
    await page.getByLabel('Strategy').selectOption('monte-carlo-tree-search');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('heading', { name: 'Chain 2' }).waitFor();
    await page.getByRole('heading', { name: 'Cost' }).waitFor();
    await check('reasoning');
    await page.getByRole('radio', { name: 'Table of cases' }).check();
    await check('cases');

    await go('inside');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.getByRole('gridcell').first().waitFor();
    await check('attention');
    await page.getByRole('radio', { name: 'Layer by layer' }).check();
    await page.locator('[data-cell="6.3"]').focus();
    await page.getByRole('tooltip').waitFor();
    await check('layers');

    await go('runs');
    await page.locator('figure').first().waitFor();
    await check('runs');
    await go('runs/base');
    await page.locator('figure').first().waitFor();
    await check('run');
    await go('evaluations');
    for (const box of await page.getByRole('checkbox', { name: 'Compare' }).all()) await box.check();
    await page.locator('article').first().waitFor();
    await check('evaluations');
    await go('sweeps/lr');
    await page.locator('circle').first().waitFor();
    await check('sweep');
    await go('models');
    await page.getByRole('link', { name: 'plain' }).waitFor();
    await check('models');
    await go('models/storyteller');
    await page.locator('.tree').waitFor();
    await check('model');
    await go('runs/none');
    await page.getByRole('alert').waitFor();
    expect(await paleTexts(page)).toEqual([]);
  });

  it('fits a narrow phone', async () => {
    const { page } = await start('', {}, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await ask(page);
    await page.getByRole('button', { name: 'Retry' }).waitFor();
    for (const path of [...PAGES, 'runs/base', 'sweeps/lr']) {
      await page.evaluate(`location.hash = '#/${path}'`);
      await page.waitForTimeout(150);
      if (path === 'reasoning') await page.getByRole('radio', { name: 'Table of cases' }).check();
      if (path === 'inside') await page.getByRole('button', { name: 'Look inside' }).click();
      if (path === 'inside') await page.getByRole('gridcell').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(360);
      // Names of runs are not broken within words.
      if (path !== 'runs') continue;
      expect(await page.evaluate('document.querySelector("tbody th").offsetWidth')).toBeGreaterThan(110);
    }
  });
});
