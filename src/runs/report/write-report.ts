/** The report of a training run: one HTML file that needs no network and no other file. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { writeFileAtomically } from '../../support/files.ts';
import { browserScript } from './browser-script.ts';
import { type Chart, chartsOf, type Metrics } from './charts.ts';
import { type Html, html, jsonScript, trusted } from './html.ts';
import { htmlPage } from './page.ts';
import {
  type Evaluation,
  evaluationTable,
  keyFigures,
  type Pairs,
  pairTable,
  type Sample,
  sampleList,
} from './sections.ts';

export type { Evaluation, Metrics, Pairs, Sample };

export interface ReportData {
  title: string;
  /** Where the model comes from: parents, hashes of the data, dates; shown in this order. */
  run: Pairs;
  /** The recipe as resolved: YAML. */
  recipe: string;
  /**
   * Rows of metrics.jsonl. Known keys: `step`, `loss`, `evalLoss`, `lr`, `gradNorm`, `tokensPerSecond`, `wait`; any other gets
   * a chart of its own.
   */
  metrics: readonly Metrics[];
  /** The model first, then what it is compared with. */
  evaluations: readonly Evaluation[];
  samples: readonly Sample[];
  /** Machine, versions, threads. */
  environment?: Pairs;
}

/** Writes the report. Sections without data are left out. */
export const writeReport = (path: string, data: ReportData): void => writeFileAtomically(path, reportPage(data).source);

export function reportPage({ title, run, recipe, metrics, evaluations, samples, environment = {} }: ReportData): Html {
  const charts = chartsOf(metrics);
  const scripts =
    charts.length > 0
      ? [jsonScript('charts', charts), script(uplotFile('uPlot.iife.min.js')), script(browserScript)]
      : [];
  return htmlPage(
    { title, styles: [uplotFile('uPlot.min.css')], scripts },
    html`<h1>${title}</h1>
${keyFigures(metrics, evaluations)}
${charts.length > 0 && section('Curves', html`<div class="charts">${charts.map(chartPlace)}</div><p class="hint">Drag over a chart to enlarge a stretch, double-click to see all of it again.</p>`)}
${evaluations.length > 0 && section('Evaluation', evaluationTable(evaluations))}
${samples.length > 0 && section('Samples over time', sampleList(samples))}
${Object.keys(run).length > 0 && section('Lineage', pairTable(run))}
${recipe !== '' && section('Recipe', html`<div class="card"><pre>${recipe}</pre></div>`)}
${Object.keys(environment).length > 0 && section('Environment', pairTable(environment))}
`,
  );
}

const section = (heading: string, content: Html): Html => html`<section><h2>${heading}</h2>${content}</section>`;

const chartPlace = ({ title, wide }: Chart, index: number): Html =>
  html`<figure class="card ${wide && 'wide'}">
    <h3>${title} <span class="readout"></span></h3>
    <div data-chart="${index}"></div>
  </figure>`;

const script = (source: string): Html => trusted(`<script>${source}</script>`);

const uplotFile = (name: string): string =>
  readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${name}`), 'utf8');
