/** The page of jobs in a browser, with commands that are quick. TSLM_SCREENSHOTS names a folder for pictures. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Jobs } from '../../src/serve/studio/jobs/jobs.ts';
import { jobsIn, makePlace, type Place } from '../serve/studio/jobs/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';
import { chromiumPath, launchBrowser, namelessControls, openPage, paleTexts } from './browser.ts';
import { type MockServer, startMockServer } from './mock-server.ts';

const scratch = scratchFolder();
const pictures = process.env.TSLM_SCREENSHOTS;
let count = 0;

describe.skipIf(chromiumPath === undefined)('the page of jobs', () => {
  let browser: Browser;
  let open: { server: MockServer; page: Page; jobs: Jobs }[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    const finished = open;
    open = [];
    for (const { server, page, jobs } of finished) {
      jobs.close();
      await page.context().close();
      await server.close();
    }
  });

  async function start(path: string, { look = {}, cards = [] as [] | undefined, place = newPlace() } = {}) {
    const { jobs, queues } = jobsIn(place);
    const server = await startMockServer({ cards, jobs, runs: [join(place.folder, 'runs')] });
    const { page, watch } = await openPage(browser, `${server.address}/${path}`, look);
    page.setDefaultTimeout(60_000); // jobs come after everything else that wants a processor
    open.push({ server, page, jobs });
    return { ...place, page, watch, jobs, queues };
  }
  const newPlace = (): Place => makePlace(scratch, `page-${++count}`);
  /** What `prepare` would have left. */
  const writeCorpus = ({ folder }: Place): void =>
    writeFileSync(join(folder, 'corpora', 'old', 'corpus.json'), '{"splits":{"train":{"tokens":5000}},"vocab_size":7}');
  function writeModel({ folder }: Place): void {
    mkdirSync(join(folder, 'runs', 'mine', 'model'), { recursive: true });
    writeFileSync(join(folder, 'runs', 'mine', 'recipe.yaml'), '');
    writeFileSync(join(folder, 'runs', 'mine', 'model', 'config.json'), '{}');
  }
  /** Of somebody who has trained before: the form stands open. */
  const oldPlace = (): Place => {
    const place = newPlace();
    writeModel(place);
    return place;
  };
  const expand = (page: Page) => page.locator('form summary').click();

  it('leads from a text to a model, step by step', async () => {
    const place = newPlace();
    const { page, folder, jobs } = await start('', { place });
    const step = page.locator('[aria-current=step]');
    await step.getByRole('heading', { name: 'Prepare a text' }).waitFor();
    await page.getByRole('radio', { name: 'Elsewhere' }).check();
    await page.getByLabel('A file from here').setInputFiles(join(folder, 'texts', 'book.txt'));
    await page.getByLabel('Name').fill('my book');
    await page.getByRole('button', { name: 'Keep this text' }).click();
    expect(await page.getByRole('combobox', { name: 'Text' }).inputValue()).toBe('texts/my book.txt');
    expect(readFileSync(join(folder, 'texts', 'my book.txt'), 'utf8')).toBe('Once upon a time.');
    const line = "tslm prepare 'texts/my book.txt' --out corpora/my-book --vocab-size 4096";
    expect(await page.getByLabel('Command').textContent()).toBe(line);
    writeCorpus(place);
    await page.getByRole('button', { name: 'Start' }).click();
    await step.getByRole('heading', { name: 'Train' }).waitFor();
    expect(jobs.list()[0]).toMatchObject({ state: 'done', line });
    expect(await page.getByLabel('Time').inputValue()).toBe('5m');
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('progressbar').waitFor();
    expect(jobs.list()[0].line).toMatch(
      /^tslm train .*quickstart\.yaml --set data.corpus=corpora\/old --out runs\/old --set train.budget=5m$/,
    );
    writeModel(place);
    await page.getByRole('button', { name: 'Stop' }).click();
    await step.getByRole('heading', { name: 'Talk to it' }).waitFor();
    await page.getByRole('button', { name: 'Talk to it' }).click();
    await page.getByLabel('Message').waitFor();
  });

  it('starts what the form says, by keyboard alone, and shows what it printed', async () => {
    const place = oldPlace();
    writeCorpus(place);
    const { page, jobs } = await start('#/jobs', { place });
    await page.getByRole('radio', { name: 'Prepare a text' }).focus();
    await page.keyboard.press('ArrowRight');
    const command = page.getByLabel('Command');
    await expect
      .poll(() => command.textContent())
      .toMatch(/quickstart.yaml --set data.corpus=corpora\/old --out runs\/old$/);
    await page.getByLabel('Recipe').selectOption('tiny.yaml');
    await page.getByLabel('Steps').fill('70');
    await page.getByLabel('Learning rate').fill('0.001');
    await expand(page);
    await page.getByLabel('Layers').fill('2');
    const line =
      'tslm train tiny.yaml --set data.corpus=corpora/old --out runs/old --set train.steps=70 --set optimizer.lr=0.001 --set model.layers=2';
    expect(await command.textContent()).toBe(line);
    await page.getByLabel('Steps').press('Enter');
    const log = page.getByRole('log');
    await log.waitFor();
    await expect.poll(() => log.textContent()).toContain('学习中');
    expect(jobs.list()).toMatchObject([{ line, state: 'running' }]);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => log.textContent()).toContain('stopping and saving');
    await page.getByText('Stopped').waitFor();
    await page.getByRole('button', { name: 'Again, with changes' }).click();
    expect(await page.getByLabel('Steps').inputValue()).toBe('70');
    expect(await page.getByLabel('Recipe').inputValue()).toBe('tiny.yaml');
  });

  it('ends at once what does not end', async () => {
    const { page, jobs } = await start('#/jobs', { place: oldPlace() });
    jobs.start({ command: 'train', values: { recipe: 'tiny.yaml', steps: 7 } });
    await page.getByRole('progressbar').waitFor(); // it is ready for signals by then
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Saving …').first().waitFor();
    await page.getByRole('button', { name: 'End at once' }).click();
    await expect.poll(() => jobs.list()[0].state).toBe('stopped');
  });

  it('says what is missing, and what the server refuses', async () => {
    const { page, jobs } = await start('#/jobs', { place: oldPlace() });
    await page.getByRole('radio', { name: 'Evaluate' }).check();
    const button = page.getByRole('button', { name: 'Start' });
    expect(await button.isDisabled()).toBe(true);
    await page.getByText('Still to be filled in: Corpus / Tasks').waitFor();
    await page.getByLabel('Model').fill('');
    await page.getByText('Still to be filled in: Model').waitFor();
    await page.getByLabel('Model').fill('../elsewhere');
    await page.getByLabel('Tasks', { exact: true }).fill('blimp');
    await button.click();
    await page.getByRole('alert').getByText('not in the folder of the server').waitFor();
    expect(jobs.list()).toEqual([]);
  });

  it('a failure is shown with what to do about it', async () => {
    const { page, jobs } = await start('#/jobs', { place: oldPlace() });
    const { id } = jobs.start({ command: 'prepare', values: { input: 'texts/bad.txt', out: 'corpora/x' } });
    await expect.poll(() => jobs.list()[0].state).toBe('failed');
    await page.getByText('nothing was read → give a text').first().waitFor();
    await page.goto(`${page.url().split('#')[0]}#/jobs/${id}`);
    await page.getByText('exit code 1').waitFor();
    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByText('Nothing was started here yet.').waitFor();
  });

  it('is not there where the server starts none', async () => {
    const server = await startMockServer();
    const { page } = await openPage(browser, `${server.address}/#/models`);
    await page.getByRole('link', { name: 'Models' }).waitFor();
    expect(await page.getByRole('link', { name: 'Jobs' }).count()).toBe(0);
    await page.goto(`${server.address}/#/jobs`);
    await page.getByText('This server starts no jobs').waitFor();
    await page.context().close();
    await server.close();
  });

  /** Widths with both languages, and with both themes. */
  const looks: [string, BrowserContextOptions][] = (
    [
      ['phone', 360, 'light', 'zh-CN'],
      ['phone', 360, 'dark', 'en-GB'],
      ['tablet', 820, 'light', 'en-GB'],
      ['tablet', 820, 'dark', 'zh-CN'],
      ['desktop', 1440, 'light', 'zh-CN'],
      ['desktop', 1440, 'dark', 'en-GB'],
    ] as const
  ).map(([size, width, colorScheme, locale]) => [
    `${size}-${colorScheme}-${locale}`,
    { viewport: { width, height: 860 }, colorScheme, locale },
  ]);
  it.each(looks)('%s: every control has a name, every text is dark enough, nothing is too wide', async (name, look) => {
    const place = newPlace();
    const { page, watch, jobs } = await start('#/jobs', { look, place });
    const { id } = jobs.start({
      command: 'train',
      values: { recipe: 'tiny.yaml', out: 'runs/a-rather-long-name-of-a-run' },
    });
    jobs.start({ command: 'prepare', values: { input: 'texts/bad.txt', out: 'corpora/new' } });
    const check = async (view: string): Promise<void> => {
      expect(await namelessControls(page), view).toEqual([]);
      expect(await paleTexts(page), view).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBeLessThanOrEqual(
        look.viewport!.width,
      );
      if (pictures !== undefined)
        await page.screenshot({ path: join(pictures, `jobs-${name}-${view}.png`), fullPage: true });
    };
    await page.locator('progress').first().waitFor();
    await page.locator('section > details > summary').click();
    for (const command of ['prepare', 'train', 'finetune', 'evaluate', 'learn', 'resume']) {
      await page.locator(`input[value=${command}]`).check();
      if (['prepare', 'train', 'finetune'].includes(command)) await expand(page);
      await check(command);
    }
    await page.goto(`${page.url().split('#')[0]}#/jobs/${id}`);
    await page.getByRole('log').waitFor();
    await check('job');
    await page.goto(`${page.url().split('#')[0]}#/`);
    await page.locator('[aria-current=step]').waitFor();
    await check('first');
    for (const { id } of jobs.list()) jobs.stop(id);
    await expect.poll(() => jobs.list().every(({ ended }) => ended !== undefined)).toBe(true);
    expect(watch.errors).toEqual([]);
    expect([...watch.hosts]).toEqual(['127.0.0.1']);
    rmSync(place.folder, { recursive: true });
  });
});
