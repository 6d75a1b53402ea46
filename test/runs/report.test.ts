import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserScript } from '../../src/runs/report/browser-script.ts';
import { type Chart, chartsOf } from '../../src/runs/report/charts.ts';
import { align, smooth, thinOut } from '../../src/runs/report/curve-points.ts';
import { html, jsonScript, trusted } from '../../src/runs/report/html.ts';
import { type ReportData, reportPage, writeReport } from '../../src/runs/report/write-report.ts';

const metrics = Array.from({ length: 40 }, (_, i) => ({
  step: 10 * (i + 1),
  loss: 5 - i / 10,
  lr: 1e-3,
  gradNorm: 1,
  tokensPerSecond: 2000 + i,
  wait: 0.25,
  ...(i % 10 === 9 && { evalLoss: 5.5 - i / 10 }),
}));

const data: ReportData = {
  title: 'A <model> & more',
  run: { Corpus: 'tinyshakespeare', Parameters: 10745088 },
  recipe: 'name: "a < b"\n',
  metrics,
  evaluations: [
    { name: 'model', bitsPerByte: 2.07132, perplexity: 4.2, loss: 1.436, tokens: 111540 },
    { name: '5-gram', bitsPerByte: 2.3, perplexity: 5, loss: 1.61, tokens: 111540 },
    { name: 'uniform', bitsPerByte: 6, perplexity: 65, loss: 4.17, tokens: 111540 },
  ],
  samples: [
    { step: 200, prompt: 'ROMEO:', text: ' </script><script>alert(1)</script>' },
    { step: 100, prompt: '春眠', text: '不觉晓' },
  ],
  environment: { 'Node.js': '20.20.0' },
};

it('names the language of samples as far as their letters tell it', () => {
  const texts = { 春眠: '不觉晓', 'To be': 'or not', 吾輩は: '猫である', 안녕: '하세요', '1 2': '3' };
  const samples = Object.entries(texts).map(([prompt, text], step) => ({ step, prompt, text }));
  const { source } = reportPage({ ...data, samples });
  expect([...source.matchAll(/class="sample" lang="(.*?)"/g)].map(([, lang]) => lang)).toEqual([
    'zh',
    '',
    'ja',
    'ko',
    '',
  ]);
});

describe('html', () => {
  it('escapes what is put in, and leaves HTML alone', () => {
    const name = `<b a="1" b='2'>&`;
    expect(html`<p>${name}${[html`<i>${1}</i>`, '<']}${false}${undefined}</p>`.source).toBe(
      '<p>&#60;b a=&#34;1&#34; b=&#39;2&#39;&#62;&#38;<i>1</i>&#60;</p>',
    );
    expect(html`${trusted('<hr>')}`.source).toBe('<hr>');
  });

  it('data for scripts cannot end the script', () => {
    const { source } = jsonScript('x', { text: '</script><!--' });
    expect(source).toBe('<script type="application/json" id="x">{"text":"\\u003c/script>\\u003c!--"}</script>');
  });
});

describe('curves', () => {
  it('keep their ends’ order and every extreme when they are thinned out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 2, max: 60 }),
        (y, limit) => {
          const x = y.map((_, i) => 3 * i);
          const thin = thinOut({ x, y }, limit);
          expect(thin.x.length).toBeLessThanOrEqual(Math.max(limit, 2));
          expect(thin.x).toEqual([...thin.x].sort((a, b) => a - b));
          for (const [i, step] of thin.x.entries()) expect(thin.y[i]).toBe(y[step / 3]);
          expect([Math.min(...thin.y), Math.max(...thin.y)]).toEqual([Math.min(...y), Math.max(...y)]);
        },
      ),
    );
  });

  it('are averaged over neighbours on both sides, so that they do not lag', () => {
    const line = { x: [1, 2, 3, 4, 5], y: [1, 2, 3, 4, 5] };
    expect(smooth(line, 2).y).toEqual([1, 2, 3, 4, 5]);
    expect(smooth({ x: [1, 2, 3], y: [0, 3, 0] }, 1).y).toEqual([0, 1, 0]);
    expect(smooth(line, 0)).toEqual(line);
  });

  it('share one axis', () => {
    expect(
      align([
        { x: [1, 3], y: [10, 30] },
        { x: [2, 3], y: [5, 6] },
      ]),
    ).toEqual({
      x: [1, 2, 3],
      columns: [
        [10, null, 30],
        [null, 5, 6],
      ],
    });
  });

  it('are those that the metrics have', () => {
    const titles = (charts: Chart[]): string[] => charts.map(({ title }) => title);
    expect(titles(chartsOf(metrics))).toEqual([
      'Loss (nats per token)',
      'Learning rate',
      'Gradient norm',
      'Tokens per second',
      'Waiting for text (share of the time)',
    ]);
    expect(titles(chartsOf(metrics.map(({ step, loss }) => ({ step, temperature: 3 * loss }))))).toEqual([
      'temperature',
    ]);
    expect(chartsOf([{ step: 1, loss: 3 }])).toEqual([]);
    const [loss] = chartsOf([...metrics, { step: 410, loss: Number.NaN }]);
    expect(loss.x).toHaveLength(40);
    expect(loss.series.map(({ label }) => label)).toEqual(['training', 'training, averaged', 'evaluation']);
    expect(loss.series[2].values.filter(value => value !== null)).toHaveLength(4);
  });
});

describe('writeReport', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tslm-report-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes one page that loads nothing', () => {
    const path = join(folder, 'report.html');
    writeReport(path, data);
    const page = readFileSync(path, 'utf8');
    expect(page.startsWith('<!doctype html>')).toBe(true);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<(link|img|iframe)|\ssrc=|\shref=|@import|url\(/);
    expect(page).toContain('var uPlot=');
    expect(page).toContain('.uplot');
  });
});

describe('the page', () => {
  const page = reportPage(data).source;

  it('shows key figures, tables, samples, recipe and environment as text', () => {
    expect(page).toContain('<h1>A &#60;model&#62; &#38; more</h1>');
    expect(page).toMatch(/<div class="value">2\.071<\/div><div class="note">5-gram: 2\.300<\/div>/);
    expect(page).toMatch(
      /Lowest evaluation loss<\/dt><dd><div class="value">1\.600<\/div><div class="note">at step 400/,
    );
    expect(page).toContain('<td class="best">2.0713</td>');
    expect(page.match(/class="best"/g)).toHaveLength(1);
    expect(page).toContain('<td>111,540</td>');
    expect(page).toContain('10,745,088');
    expect(page).toContain('<mark>春眠</mark>不觉晓');
    expect(page).toContain('name: &#34;a &#60; b&#34;');
    expect(page).toContain('20.20.0');
  });

  it('never runs what a model wrote', () => {
    expect(page).not.toContain('<script>alert');
  });

  it('orders samples by step, and folds the middle of a long list', () => {
    expect(page.indexOf('Step 100')).toBeLessThan(page.indexOf('Step 200'));
    const samples = [1, 2, 3, 4, 5, 6].map(step => ({ step, prompt: '', text: 'x' }));
    const many = reportPage({ ...data, samples }).source;
    expect(many.match(/<details class="card" open>/g)).toHaveLength(2);
    expect(many.match(/<details class="card">/g)).toHaveLength(4);
  });

  it('leaves out sections without data', () => {
    const empty = reportPage({ title: 't', run: {}, recipe: '', metrics: [], evaluations: [], samples: [] }).source;
    expect(empty).not.toContain('<h2>');
    expect(empty).not.toContain('<script');
    expect(empty).not.toContain('<dl');
  });
});

describe('the script of the page', () => {
  it('draws each chart in its place with aligned data, and again when the colours change', () => {
    const charts = chartsOf(metrics);
    const drawn: { options: { height: number; legend: { show: boolean } }; data: unknown[][] }[] = [];
    const readout = { textContent: '' };
    let recolour = (): void => {};
    let destroyed = 0;
    class UPlot {
      height = 0;
      constructor(options: never, data: never) {
        drawn.push({ options, data });
      }
      destroy(): void {
        destroyed++;
      }
    }
    const places = charts.map((_, i) => ({
      dataset: { chart: String(i) },
      clientWidth: 600,
      parentElement: { querySelector: () => readout },
    }));
    const context = createContext({
      uPlot: UPlot,
      document: {
        getElementById: () => ({ textContent: JSON.stringify(charts) }),
        querySelectorAll: () => places,
        querySelector: () => ({}),
      },
      matchMedia: () => ({
        addEventListener: (_: string, listener: () => void) => {
          recolour = listener;
        },
      }),
      getComputedStyle: () => ({ getPropertyValue: () => ' #123456', fontFamily: 'sans-serif' }),
      ResizeObserver: class {
        observe(): void {}
      },
    });
    runInContext(browserScript, context);
    expect(drawn).toHaveLength(charts.length);
    for (const { data } of drawn) for (const column of data) expect(column).toHaveLength(data[0].length);
    expect(drawn.map(({ options }) => options.legend.show)).toEqual([true, false, false, false, false]);

    const hooks = (drawn[1].options as unknown as { hooks: { setCursor: ((plot: unknown) => void)[] } }).hooks;
    hooks.setCursor[0]({ cursor: { idx: 0 }, data: [[1000], [0.00012345]] });
    expect(readout.textContent).toBe('1.23e−4 at step 1,000');
    hooks.setCursor[0]({ cursor: { idx: null }, data: [[1000], [0.00012345]] });
    expect(readout.textContent).toBe('');

    recolour();
    expect(destroyed).toBe(charts.length);
    expect(drawn).toHaveLength(2 * charts.length);
  });
});
