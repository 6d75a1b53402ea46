/** A real browser for the tests of the page: Debian's Chromium, or the one that CHROMIUM names. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Undefined when there is none: `apt-get install chromium` brings it. In the long part of the tests alone, or where CHROMIUM names it: a
 * page takes seconds of a processor to be drawn, and `page-logic.test.ts` has what of it needs no browser.
 */
export const chromiumPath =
  process.env.CHROMIUM ??
  (process.env.TSLM_LONG || process.env.TSLM_SCREENSHOTS ? places.find(path => existsSync(path)) : undefined);

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] });

/** What a page did that it must not do. */
export interface Watch {
  /** Hosts that it asked. */
  hosts: Set<string>;
  /** Errors of scripts, and what the content policy forbade. */
  errors: string[];
}

export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; watch: Watch }> {
  const context = await browser.newContext({ locale: 'en-GB', colorScheme: 'light', ...options });
  const page = await context.newPage();
  const watch: Watch = { hosts: new Set(), errors: [] };
  page.on('request', request => watch.hosts.add(new URL(request.url()).hostname));
  page.on('pageerror', error => watch.errors.push(error.message));
  page.on('console', message => {
    // That the server refuses something, or is gone, is part of some tests.
    const isAnswer = /^Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !isAnswer) watch.errors.push(message.text());
  });
  await page.goto(address);
  return { page, watch };
}

/** Names of fields and buttons that a screen reader would have nothing to say of. */
export const namelessControls = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('a, button, input, select, textarea, [role="img"], [role="group"]')]
    .filter(element => {
      const labels = element.labels ? [...element.labels].map(label => label.textContent) : [];
      const named = (element.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent ?? '');
      const name = [element.getAttribute('aria-label') ?? '', ...labels, ...named, element.textContent ?? ''].join('').trim();
      return name === '';
    })
    .map(element => element.outerHTML.slice(0, 120))`);

/** Texts with less contrast to what is behind them than WCAG 2.2 AA asks (4.5, or 3 for large ones). */
export const paleTexts = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = css => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
    const behind = element => {
      const layers = [];
      for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
      return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
    };
    const luminance = rgb => rgb.slice(0, 3)
      .map(v => v / 255)
      .map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const pale = [];
    for (const element of document.querySelectorAll('body *')) {
      const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join('').trim();
      if (text === '' || !element.checkVisibility() || element.closest(':disabled, noscript')) continue;
      const style = getComputedStyle(element);
      if (style.clipPath !== 'none') continue;
      const background = behind(element);
      const [a, b] = [luminance(over(rgba(style.color), background)), luminance(background)].sort((x, y) => y - x);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const contrast = (a + 0.05) / (b + 0.05);
      if (contrast < (isLarge ? 3 : 4.5)) pale.push(contrast.toFixed(2) + ' ' + text.slice(0, 40));
    }
    return pale;
  })()`);
