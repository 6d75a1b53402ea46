/**
 * What runs in the page: draws the charts with uPlot, again whenever the colours change, and keeps them as wide as their
 * place. Plain JavaScript as text, since it is inlined; it needs nothing but `uPlot` and the data beside it.
 */
export const browserScript = `
(() => {
  'use strict';
  const charts = JSON.parse(document.getElementById('charts').textContent);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const font = '12px ' + getComputedStyle(document.body).fontFamily;

  const number = value => {
    if (value == null) return '–';
    const size = Math.abs(value);
    if (size !== 0 && size < 1e-3) return value.toExponential(2).replace(/\\.?0+e/, 'e').replace('-', '−');
    if (size >= 1e4)
      return new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value).replace('K', 'k');
    return String(Number(value.toPrecision(4)));
  };

  const step = value => value == null ? '' : value.toLocaleString('en-US');

  const seriesOf = ({ label, kind, color }) => {
    const stroke = css('--series-' + color);
    return {
      label,
      stroke: kind === 'faint' ? stroke + '55' : stroke,
      width: kind === 'faint' ? 1 : 2,
      spanGaps: true,
      points: { show: kind === 'points', size: 5, fill: stroke },
      value: (_, value) => number(value),
    };
  };

  const axis = {
    stroke: () => css('--muted'),
    grid: { stroke: () => css('--line'), width: 1 },
    ticks: { show: false },
    font,
  };

  /** A chart with one curve shows the point under the pointer beside its title; one with more has a legend. */
  const showPoint = readout => plot => {
    const i = plot.cursor.idx;
    const value = i == null ? null : plot.data[1][i];
    readout.textContent = value == null ? '' : number(value) + ' at step ' + step(plot.data[0][i]);
  };

  const draw = (chart, place) => new uPlot(
    {
      width: place.clientWidth,
      height: chart.wide ? 320 : 190,
      scales: { x: { time: false }, y: chart.fromZero ? { range: (_, low, high) => [0, high * 1.08] } : {} },
      cursor: { drag: { x: true, y: false } },
      legend: { show: chart.series.length > 1 },
      hooks: chart.series.length > 1 ? {} : { setCursor: [showPoint(place.parentElement.querySelector('.readout'))] },
      axes: [
        { ...axis, values: (_, steps) => steps.map(step), space: 64, size: 34 },
        { ...axis, values: (_, values) => values.map(number), size: 58 },
      ],
      series: [{ label: 'step', value: (_, value) => step(value) || '–' }, ...chart.series.map(seriesOf)],
    },
    [chart.x, ...chart.series.map(series => series.values)],
    place,
  );

  const places = [...document.querySelectorAll('[data-chart]')];
  let plots = [];
  const drawAll = () => {
    for (const plot of plots) plot.destroy();
    plots = places.map(place => draw(charts[place.dataset.chart], place));
  };
  drawAll();
  dark.addEventListener('change', drawAll);
  new ResizeObserver(() => plots.forEach((plot, i) => plot.setSize({ width: places[i].clientWidth, height: plot.height })))
    .observe(document.querySelector('main'));
})();
`;
