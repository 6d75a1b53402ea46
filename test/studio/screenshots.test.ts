/**
 * Pictures of every page for people to look at, on a phone and on a desktop, light and dark:
 * `TSLM_SCREENSHOTS=/tmp/studio npx vitest run test/studio/screenshots.test.ts`. TSLM_RUNS names a folder of real runs to show.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { fakeRun } from '../serve/studio/helpers.ts';
import { chromiumPath, launchBrowser, openPage } from './browser.ts';
import { fakeCard, STORY } from './fake-pool.ts';
import { type MockServer, startMockServer } from './mock-server.ts';

const target = process.env.TSLM_SCREENSHOTS;

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };

const CARD = `---
license: apache-2.0
---
# Storyteller

A small model of English stories, trained **from scratch** with \`tslm train\`.

- Data: 1.2 GB of public-domain stories, deduplicated
- Intended for experiments; it knows nothing of the world

| split | loss |
|---|---|
| validation | 1.87 |
`;

describe.skipIf(target === undefined || chromiumPath === undefined)('pictures', () => {
  let browser: Browser;
  let folder: string;
  let server: MockServer;

  beforeAll(async () => {
    mkdirSync(target!, { recursive: true });
    browser = await launchBrowser();
    folder = mkdtempSync(join(tmpdir(), 'tslm-pictures-'));
    const runs = process.env.TSLM_RUNS ?? demoRuns(join(folder, 'runs'));
    const path = join(folder, 'storyteller');
    using model = createModel('gpt2', { vocabSize: 8192, layers: 6, hidden: 128, heads: 4, context: 256 }, { seed: 1 });
    saveModel(path, model);
    writeFileSync(join(path, 'README.md'), CARD);
    const parameters = model.parameterCount();
    const cards = [
      fakeCard('storyteller', { path, parameters, vocabularySize: 8192, contextLength: 256 }),
      fakeCard('storyteller-lora', { parent: 'storyteller', path, parameters }),
      fakeCard('bert-mini', {
        architecture: 'encoder',
        modelType: 'bert',
        abilities: ['embed', 'fillMask', 'inspect'],
      }),
      fakeCard('Qwen3-32B', { upstream: 'http://10.0.0.7:8000/v1', modelType: undefined, parameters: undefined }),
    ];
    server = await startMockServer({ cards, runs: [runs], say });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const themes = ['light', 'dark'] as const;
  const sizes = Object.keys(SIZES) as (keyof typeof SIZES)[];
  const views = themes.flatMap(theme => sizes.map(size => ({ theme, size })));

  it.each(views)('$size, $theme', async ({ theme, size }) => {
    const { page } = await openPage(browser, server.address, {
      viewport: SIZES[size],
      colorScheme: theme,
      locale: theme === 'dark' && size === 'phone' ? 'zh-CN' : 'en-GB',
      deviceScaleFactor: size === 'phone' ? 2 : 1,
    });
    let count = 0;
    const shoot = async (name: string, fullPage = false): Promise<void> => {
      await page.waitForTimeout(200);
      const path = join(target!, `${size}-${theme}-${String(++count).padStart(2, '0')}-${name}.png`);
      await page.screenshot({ path, fullPage });
    };
    for (const visit of [visitPlayground, visitReasoning, visitInside, visitRuns, visitModels])
      await visit(page, shoot, size === 'phone');
    await page.context().close();
    expect(count).toBeGreaterThan(8);
  });
});

/** Sums with a step before them, one in four wrong; of everything else a story. */
function say(prompt: string, index: number): string {
  const asked = prompt.slice(prompt.lastIndexOf('Q:'));
  const [, a, b] = /(\d+) \+ (\d+)\?\nA:/.exec(asked)?.map(Number) ?? [];
  if (b === undefined) return STORY;
  if (/A:[^Q]* and /.test(asked)) return ` so the sum is ${a + b}.`;
  return index % 4 === 3 ? ` It must be ${a}.` : ` There are ${a} and ${b},\n so the sum is ${a + b}.`;
}

type Shoot = (name: string, fullPage?: boolean) => Promise<void>;

const go = async (page: Page, path: string): Promise<void> => {
  await page.evaluate(`location.hash = '#/${path}'`);
};

async function visitPlayground(page: Page, shoot: Shoot, isPhone: boolean): Promise<void> {
  const message = page.locator('.composer textarea');
  await message.waitFor();
  await shoot('playground-empty');
  await message.fill('Tell me a story about the sea.');
  await page.keyboard.press('Enter');
  await page.locator('footer').waitFor();
  await page.locator('[data-token="12"]').focus();
  await shoot('playground-token');
  await message.fill('And then?');
  await page.keyboard.press('Enter');
  await page.locator('footer').nth(1).waitFor();
  await page.locator('.actions button').nth(0).click();
  await message.fill('And in the end?');
  await page.keyboard.press('Enter');
  await page.locator('footer').nth(3).waitFor();
  await shoot('playground-two');
  await page.locator('.actions button').nth(1).click();
  await page.locator('[data-code]').waitFor();
  await shoot('playground-code');
  await page.keyboard.press('Escape');
  if (!isPhone) return;
  await page.locator('.actions button').nth(3).click();
  await shoot('playground-settings');
}

async function visitReasoning(page: Page, shoot: Shoot): Promise<void> {
  await go(page, 'reasoning');
  const field = (end: string) => page.locator(`[id$="-${end}"]`);
  await field('question').fill('What is 23 + 45?');
  await field('target').fill('68');
  await page.locator('button.primary').click();
  await page.locator('.votes').waitFor();
  await shoot('reasoning-votes', true);
  await field('strategy').selectOption('monte-carlo-tree-search');
  await page.locator('button.primary').click();
  await page.locator('.thought').nth(3).waitFor();
  await page.locator('.votes').waitFor();
  await shoot('reasoning-tree', true);
  await page.locator('form .choice label').nth(1).click();
  for (const [i, a] of [12, 30].entries()) {
    await page.locator('td textarea').nth(i).fill(`What is ${a} + 5?`);
    await page
      .locator('td.target input')
      .nth(i)
      .fill(String(a + 5 + i));
  }
  await page.locator('button.primary').click();
  await page.locator('.below p').filter({ hasText: '%' }).waitFor();
  await shoot('reasoning-cases', true);
}

async function visitInside(page: Page, shoot: Shoot): Promise<void> {
  await go(page, 'inside');
  await page.locator('button.primary').click();
  await page.locator('[role=gridcell]').first().waitFor();
  await page.locator('[data-head="3.2"]').click();
  await shoot('inside-attention', true);
  await page.locator('.view label').nth(1).click();
  await page.locator('[data-cell="0.0"]').waitFor();
  await shoot('inside-layers', true);
}

async function visitRuns(page: Page, shoot: Shoot): Promise<void> {
  await go(page, 'runs');
  await page.locator('figure canvas').nth(3).waitFor();
  await shoot('runs', true);
  await page.locator('th a').first().click();
  await page.locator('dl').first().waitFor();
  await page.locator('figure canvas').nth(3).waitFor();
  await shoot('run', true);
}

async function visitModels(page: Page, shoot: Shoot): Promise<void> {
  await go(page, 'models');
  await page.locator('th a').first().waitFor();
  await shoot('models', true);
  await page.locator('th a').first().click();
  await page.locator('.tree').waitFor();
  await shoot('model', true);
}

function demoRuns(folder: string): string {
  const samples = [100, 200, 300].map(step => ({
    step,
    prompt: 'Once upon a time',
    text: [' the the sea of', ' there was a boat on the', ' there was a lighthouse keeper who wrote letters'][
      step / 100 - 1
    ],
  }));
  const evaluations = [
    { name: 'model', bitsPerByte: 1.21, perplexity: 6.5, loss: 1.87, tokens: 120_000 },
    { name: '5-gram', bitsPerByte: 1.64, perplexity: 12.6, loss: 2.53, tokens: 120_000 },
    { name: 'kneser-ney-5gram-wiki', bitsPerByte: 2.301, perplexity: 1687.73, loss: 7.431, tokens: 12_345_678 },
  ];
  const base = fakeRun(folder, 'stories-base', { steps: 3000, samples, evaluations });
  fakeRun(folder, 'stories-wide', { steps: 3000, done: 2400, hasEnded: false, train: { batchSize: 16 } });
  fakeRun(folder, 'stories-tuned', { steps: 600, done: 400, parents: [join(base, 'model')] });
  return folder;
}
