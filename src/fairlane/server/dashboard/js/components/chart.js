// A chart of values over time. The first chart loads uPlot.
import { colour, dark } from "../lib/theme.js";
import { html, useEffect, useRef } from "../lib/ui.js";

const file = (name) => new URL(`../../vendor/${name}`, import.meta.url).href;
const LEAST_SPAN_S = 300;
let loading;

/** uPlot's constructor. Its smallest build makes a global, not a module. */
function loadPlot() {
  loading ??= new Promise((resolve, reject) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: file("uplot.css") });
    const script = Object.assign(document.createElement("script"), { src: file("uplot.js") });
    script.onload = () => resolve(globalThis.uPlot);
    script.onerror = () => reject(new Error("The charts could not be loaded; reload the page."));
    document.head.append(style, script);
  });
  return loading;
}

/**
 * `times`: Unix seconds. `series`: [{name, values, token, fill}] with null where nothing is known.
 * `format(value)` writes a value out beside the pointer, and on the axis unless `axis(value)` does; `ticks`: the steps that
 * the axis may go in.
 */
export function Chart({ label, times, series, format, axis = format, ticks, height = 170 }) {
  const box = useRef();
  const plot = useRef();
  const isDark = dark.value;
  useEffect(() => {
    const host = box.current;
    let gone = false;
    const watch = new ResizeObserver(
      () => host.isConnected && plot.current.setSize({ width: host.clientWidth, height }),
    );
    loadPlot().then((Plot) => {
      if (gone) return;
      plot.current = new Plot(options(Plot, host, series, { format, axis, ticks, height }), data(times, series), host);
      watch.observe(host);
    });
    return () => {
      gone = true;
      watch.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [isDark, height]);
  useEffect(() => plot.current?.setData(data(times, series)), [times]);
  return html`<div class="chart" role="img" aria-label=${label} ref=${box} style=${{ blockSize: `${height}px` }}></div>`;
}

const data = (times, series) => [times, ...series.map(({ values }) => values)];

function options(Plot, box, series, { format, axis: label, ticks, height }) {
  const [ink, line] = [colour("--text-3"), colour("--line")];
  const axis = { stroke: ink, font: "11px system-ui", ticks: { show: false }, grid: { stroke: line, width: 1 } };
  return {
    width: box.clientWidth,
    height,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: "time" } },
    scales: {
      x: { range: (_, first, last) => [Math.min(first, last - LEAST_SPAN_S), last] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.12 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 20,
        gap: 4,
        space: 70,
        values: (_plot, at, _axis, _space, step) =>
          at.map((one) => Plot.fmtDate(step < 60 ? "{HH}:{mm}:{ss}" : "{HH}:{mm}")(new Date(one * 1000))),
      },
      { ...axis, size: 56, space: 36, ...(ticks && { incrs: ticks }), values: (_, at) => at.map(label) },
    ],
    series: [
      {},
      ...series.map(({ name, token, fill }) => ({
        label: name,
        stroke: colour(token),
        width: 1.5,
        points: { show: false },
        fill: fill && colour(`${token}-tint`),
      })),
    ],
    hooks: { setCursor: [tooltip(box, series, format)] },
  };
}

/** A small table beside the pointer. uPlot has none. */
function tooltip(box, series, format) {
  let tip;
  return (plot) => {
    const { idx, left } = plot.cursor;
    if (idx === null || idx === undefined || left < 0) {
      tip?.remove();
      tip = undefined;
      return;
    }
    if (!tip) {
      tip = document.createElement("div");
      tip.className = "chart-tip";
      box.append(tip);
    }
    const at = new Date(plot.data[0][idx] * 1000).toLocaleTimeString("en-GB");
    const rows = series.map(({ name, token }, i) => row(name, token, plot.data[i + 1][idx], format));
    tip.replaceChildren(Object.assign(document.createElement("strong"), { textContent: at }), ...rows);
    tip.classList.toggle("left", left > plot.over.clientWidth / 2);
  };
}

function row(name, token, value, format) {
  const line = document.createElement("span");
  const dot = Object.assign(document.createElement("i"), { className: "dot" });
  dot.style.background = `var(${token})`;
  const known = value !== null && value !== undefined;
  line.append(dot, name, Object.assign(document.createElement("b"), { textContent: known ? format(value) : "–" }));
  return line;
}

/** The names of a chart's colours. */
export const Legend = ({ series }) => html`<ul class="legend">
  ${series.map(({ name, token, now }) => html`<li key=${name}><i class="dot" style=${{ background: `var(${token})` }}></i>${name}${now !== undefined && html` <b>${now}</b>`}</li>`)}
</ul>`;
