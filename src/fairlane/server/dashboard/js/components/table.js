// Tables: a plain one, and one that renders visible rows only.
import { classes, html, useEffect, useMemo, useRef, useState } from "../lib/ui.js";

const Head = ({ columns }) => html`<thead><tr>
  ${columns.map(
    ({ name, title, hint, numeric, className }) => html`
    <th key=${name} scope="col" class=${classes(numeric && "number", className)} title=${hint}>${title}</th>`,
  )}
</tr></thead>`;

const Row = ({ columns, row }) =>
  columns.map(
    ({ name, cell, numeric, className }) => html`
    <td key=${name} class=${classes(numeric && "number", className)}>${cell(row)}</td>`,
  );

/**
 * `columns`: [{name, title, cell(row), numeric, hint, className}]; a className of "wide-only" hides a column on a phone.
 * `rows` by `rowKey(row)`. The table scrolls sideways within itself where it must.
 */
export function Table({ label, columns, rows, rowKey, rowClass, compact }) {
  return html`<div class="table-box" role="region" aria-label=${label} tabindex="0"><table class=${classes("table", compact && "compact")} aria-label=${label}>
    <${Head} columns=${columns} />
    <tbody>${rows.map((row) => html`<tr key=${rowKey(row)} class=${rowClass?.(row)}><${Row} columns=${columns} row=${row} /></tr>`)}</tbody>
  </table></div>`;
}

/** Renders again when its row or the columns change, and not at each step of scrolling. */
const VirtualRow = ({ columns, row, index, height, className }) =>
  useMemo(
    () => html`<tr class=${className} aria-rowindex=${index + 2} style=${{ blockSize: `${height}px` }}>
    <${Row} columns=${columns} row=${row} />
  </tr>`,
    [columns, row, index, height, className],
  );

/** A table for many rows, each `rowHeight` pixels high. Calls `onEnd` when the last rows become visible. */
export function VirtualTable({ label, columns, rows, rowKey, rowClass, rowHeight = 40, onEnd }) {
  const body = useRef();
  const [[from, to], setRange] = useState([0, 50]);
  useEffect(() => {
    const look = () => {
      const { top } = body.current.getBoundingClientRect();
      const first = Math.max(0, Math.floor(-top / rowHeight) - 15);
      const last = Math.min(rows.length, Math.ceil((innerHeight - top) / rowHeight) + 15);
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
      if (last >= rows.length) onEnd?.();
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [rows.length, rowHeight, onEnd]);
  const gap = (count) =>
    count > 0 &&
    html`<tr aria-hidden="true"><td class="gap" colspan=${columns.length} style=${{ blockSize: `${count * rowHeight}px` }}></td></tr>`;
  return html`<div class="table-box" role="region" aria-label=${label} tabindex="0">
    <table class="table virtual" aria-label=${label} aria-rowcount=${rows.length + 1}>
      <${Head} columns=${columns} />
      <tbody ref=${body}>
        ${gap(from)}
        ${rows.slice(from, to).map(
          (row, i) => html`
          <${VirtualRow} key=${rowKey(row)} columns=${columns} row=${row} index=${from + i} height=${rowHeight} className=${rowClass?.(row)} />`,
        )}
        ${gap(rows.length - to)}
      </tbody>
    </table>
  </div>`;
}
