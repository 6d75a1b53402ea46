/** A decision as a person would put it. */
import type { Decision, Guard } from './decision.ts';

const signed = (value: number, digits: number): string => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(digits)}`;
const percent = (value: number): string => signed(100 * value, 1);

export function sentenceOf(
  passed: boolean,
  target: Decision['target'],
  guards: readonly Guard[],
  reasons: readonly string[],
): string {
  const gain = target
    ? `${percent(target.difference)} points on ${target.items} held-out judgements (95 %: ${percent(target.interval[0])} to ${percent(target.interval[1])})`
    : 'nothing is known of held-out judgements';
  const kept = guards.map(guard => `${guard.name} ${changeOf(guard)}${guard.passed ? '' : ', past its margin'}`);
  const figures = [gain, ...kept].join('; ');
  return passed ? `Passed: ${figures}.` : `Rejected, ${reasons.join(' and ')}: ${figures}.`;
}

function changeOf({
  name,
  unit,
  difference,
  candidate,
  champion,
  items,
  interval: [low, high],
  lost,
  fromBase,
}: Guard): string {
  if (name === 'original text') {
    const change = percent(-difference / Math.abs(champion));
    const all = fromBase === undefined ? change : percent(fromBase);
    return `loss ${change} %${all === change ? '' : ` (${all} % since the beginning)`}`;
  }
  if (unit === 'nats') return `${signed(difference, 2)} nats a token`;
  if (unit === 'answers') return `${Math.round(candidate * items)} of ${items}${lost === 0 ? '' : `, ${lost} lost`}`;
  if (unit === 'points') return `${percent(difference)} points (95 %: ${percent(low)} to ${percent(high)})`;
  return `${candidate.toPrecision(4)} after ${champion.toPrecision(4)}`;
}
