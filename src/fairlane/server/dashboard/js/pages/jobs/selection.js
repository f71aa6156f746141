// The selected rows: some of the shown ones, or all that match the filter.
import { html, useMemo, useRef, useState } from "../../lib/ui.js";

/** {ids, size, all, has, toggle, toggleShown, selectAll, clear}; a new object whenever the selection changes. */
export function useSelection(rows) {
  const [{ chosen, all }, set] = useState({ chosen: new Set(), all: false });
  const shown = useRef(rows);
  shown.current = rows;
  const last = useRef(null); // the first row of a range
  const complete = rows.length > 0 && rows.every(({ id }) => chosen.has(id));
  return useMemo(() => {
    const toggle = (id, range) => {
      const next = new Set(all ? shown.current.map((row) => row.id) : chosen);
      const on = !next.has(id);
      for (const one of range && last.current ? between(shown.current, last.current, id) : [id])
        on ? next.add(one) : next.delete(one);
      last.current = id;
      set({ chosen: next, all: false });
    };
    const every = () => new Set(shown.current.map(({ id }) => id));
    return {
      ids: [...chosen],
      all,
      complete: all || complete,
      toggle,
      size: all ? shown.current.length : chosen.size,
      has: (id) => all || chosen.has(id),
      toggleShown: () => set({ chosen: all || complete ? new Set() : every(), all: false }),
      selectAll: () => set({ chosen: every(), all: true }),
      clear: () => set({ chosen: new Set(), all: false }),
    };
  }, [chosen, all, complete]);
}

function between(rows, from, to) {
  const places = [from, to].map((id) => rows.findIndex((row) => row.id === id)).sort((a, b) => a - b);
  return places[0] < 0 ? [to] : rows.slice(places[0], places[1] + 1).map(({ id }) => id);
}

export const selectColumn = (selection) => ({
  name: "select",
  className: "select-cell",
  title: html`<input type="checkbox" aria-label="Select all loaded rows" checked=${selection.complete}
    indeterminate=${selection.size > 0 && !selection.complete} onChange=${selection.toggleShown} />`,
  cell: (row) => html`<input type="checkbox" aria-label=${`Select job ${row.id}`} checked=${selection.has(row.id)}
    onClick=${(event) => selection.toggle(row.id, event.shiftKey)} />`,
});
