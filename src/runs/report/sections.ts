/** The parts of a report that are text: key figures, tables, samples. */
import { formatCount } from '../../support/format.ts';
import { curve, type Metrics } from './charts.ts';
import { type Html, html } from './html.ts';
import { figureCards } from './page.ts';

/** How well a model predicts held-out text. */
export interface Evaluation {
  name: string;
  bitsPerByte: number;
  /** Per token; models with different tokenizers cannot be compared by it. */
  perplexity: number;
  /** Nats per token. */
  loss: number;
  tokens: number;
}

/** What the model wrote at some step of its training. */
export interface Sample {
  step: number;
  prompt: string;
  text: string;
  /** Of an answer that the model has learnt from. */
  reward?: number;
}

export type Pairs = Record<string, string | number>;

/** The few numbers that a reader wants first. The first evaluation is taken for that of the model. */
export function keyFigures(metrics: readonly Metrics[], evaluations: readonly Evaluation[]): Html | undefined {
  const [model, ...others] = evaluations;
  const baseline = others.reduce<Evaluation | undefined>(
    (best, other) => (best && best.bitsPerByte <= other.bitsPerByte ? best : other),
    undefined,
  );
  const evaluation = curve(metrics, 'evalLoss');
  const lowest = evaluation.y.indexOf(Math.min(...evaluation.y));
  const training = curve(metrics, 'loss');
  const speed = curve(metrics, 'tokensPerSecond').y.sort((a, b) => a - b);
  const { y: waits } = curve(metrics, 'wait');
  const figures = [
    model && {
      name: 'Bits per byte',
      value: fixed(model.bitsPerByte, 3),
      note: baseline && `${baseline.name}: ${fixed(baseline.bitsPerByte, 3)}`,
    },
    evaluation.x.length > 0 && {
      name: 'Lowest evaluation loss',
      value: fixed(evaluation.y[lowest], 3),
      note: `at step ${integer(evaluation.x[lowest])}`,
    },
    training.x.length > 0 && {
      name: 'Steps',
      value: integer(training.x.at(-1)!),
      note: `last training loss ${fixed(training.y.at(-1)!, 3)}`,
    },
    speed.length > 0 && { name: 'Tokens per second', value: formatCount(speed[speed.length >> 1]), note: 'median' },
    waits.length > 0 && {
      name: 'Waiting for text',
      value: `${fixed((100 * waits.reduce((a, b) => a + b)) / waits.length, 1)} %`,
      note: 'of the time of steps',
    },
  ].filter(figure => typeof figure === 'object');
  if (figures.length === 0) return undefined;
  return figureCards(figures);
}

export function evaluationTable(evaluations: readonly Evaluation[]): Html {
  const best = Math.min(...evaluations.map(({ bitsPerByte }) => bitsPerByte));
  const row = ({ name, bitsPerByte, perplexity, loss, tokens }: Evaluation): Html => html`<tr>
    <td>${name}</td>
    <td class="${bitsPerByte === best && 'best'}">${fixed(bitsPerByte, 4)}</td>
    <td>${fixed(perplexity, 2)}</td>
    <td>${fixed(loss, 4)}</td>
    <td>${integer(tokens)}</td>
  </tr>`;
  return html`<div class="card scroll"><table class="data">
    <thead><tr><th>Model</th><th>Bits per byte</th><th>Perplexity</th><th>Loss</th><th>Tokens</th></tr></thead>
    <tbody>${evaluations.map(row)}</tbody>
  </table></div>
  <p class="hint">Lower is better. Bits per byte compare whatever the tokenizer; perplexity and loss are per token.</p>`;
}

/** Samples by step; with many steps only the first and the last are open. */
/** As far as fonts and line breaks depend on it: the same characters look different in Chinese and Japanese. */
function languageOf(text: string): 'zh' | 'ja' | 'ko' | '' {
  const count = (script: RegExp): number => text.match(script)?.length ?? 0;
  const [all, han] = [count(/\p{L}/gu), count(/\p{sc=Han}/gu)];
  const [kana, hangul] = [count(/[\p{sc=Hira}\p{sc=Kana}]/gu), count(/\p{sc=Hang}/gu)];
  if (2 * (han + kana + hangul) < all || all === 0) return '';
  return hangul > han + kana ? 'ko' : 20 * kana > han + kana ? 'ja' : 'zh';
}

export function sampleList(samples: readonly Sample[]): Html {
  const steps = [...new Set(samples.map(({ step }) => step))].sort((a, b) => a - b);
  return html`${steps.map((step, i) => {
    const isOpen = steps.length <= 4 || i === 0 || i === steps.length - 1;
    const texts = samples
      .filter(sample => sample.step === step)
      .map(
        ({ prompt, text, reward }) =>
          html`<div class="sample" lang="${languageOf(prompt + text)}"><mark>${prompt}</mark>${text}${
            reward === undefined ? '' : html` <mark>(reward ${fixed(reward, 3)})</mark>`
          }</div>`,
      );
    return isOpen
      ? html`<details class="card" open><summary>Step ${integer(step)}</summary>${texts}</details>`
      : html`<details class="card"><summary>Step ${integer(step)}</summary>${texts}</details>`;
  })}`;
}

export const pairTable = (pairs: Pairs): Html =>
  html`<div class="card"><table class="pairs"><tbody>${Object.entries(pairs).map(
    ([key, value]) =>
      html`<tr><th scope="row">${key}</th><td>${Number.isInteger(value) ? integer(value as number) : value}</td></tr>`,
  )}</tbody></table></div>`;

const integer = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

const fixed = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');
