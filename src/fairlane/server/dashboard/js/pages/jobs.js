// All jobs, by state: search them, watch them, and change many at once.
import { Button, Card, IconButton, PageHead, Problem, Skeleton } from "../components/basics.js";
import { VirtualTable } from "../components/table.js";
import { count, dateTime, plural, shortCount } from "../lib/format.js";
import { useShortcuts } from "../lib/keys.js";
import { query } from "../lib/router.js";
import { overview } from "../lib/store.js";
import { classes, html, useCallback, useEffect, useMemo, useRef, useState } from "../lib/ui.js";
import { ACTIONS, actionsOn, BulkDialog } from "./jobs/bulk.js";
import { columnsOf } from "./jobs/columns.js";
import { useCounts } from "./jobs/counts.js";
import { apiFilter, changeFilter, chipsOf, filterOf, TABS } from "./jobs/filter.js";
import { Groups } from "./jobs/groups.js";
import { JobListing } from "./jobs/listing.js";
import { Nothing } from "./jobs/nothing.js";
import { Search } from "./jobs/search.js";
import { selectColumn, useSelection } from "./jobs/selection.js";

export { PARAMETERS } from "./jobs/filter.js";

const ROW_HEIGHT = 52;
const NOT_GROUPED = ["key", "tag", "batchId"]; // filters that the groups of dead letters cannot follow

export default function Jobs() {
  const filter = filterOf(query.value);
  const key = JSON.stringify(filter);
  const listing = useListing(filter, key);
  const [bulk, setBulk] = useState(null); // {action, target, then} while the dialog is open
  const ask = (action, target = wholeFilter(filter, listing), then) => setBulk({ action, target, then });
  const done = (changed) => {
    setBulk(null);
    if (!changed) return;
    bulk.then?.();
    listing.load();
  };
  return html`
    <${PageHead} title="Jobs" />
    <${Tabs} filter=${filter} />
    <${Search} filter=${filter}><${Tools} filter=${filter} listing=${listing} ask=${ask} /></${Search}>
    ${filter.state === "failed" && !NOT_GROUPED.some((name) => filter[name]) && html`<${Groups} filter=${filter} ask=${ask} />`}
    <${Listing} key=${key} filter=${filter} listing=${listing} ask=${ask} />
    ${bulk && html`<${BulkDialog} ...${bulk} onClose=${done} />`}
  `;
}

/** The target of a bulk change that changes every matching job. */
function wholeFilter(filter, listing) {
  const chips = chipsOf(filter, dateTime).map(([, words]) => words[0].toLowerCase() + words.slice(1));
  const [, state] = TABS.find(([name]) => name === filter.state);
  return {
    filter: listing.filter,
    words: [filter.state === "all" ? "any state" : state.toLowerCase(), ...chips].join(", "),
    expected: chips.length || filter.state === "all" ? undefined : overview.peek()?.states[filter.state],
  };
}

function Tabs({ filter }) {
  const { state } = filter;
  const counts = useCounts(filter);
  const tabs = useRef();
  useEffect(() => {
    const here = tabs.current.querySelector("[aria-current]"); // a phone may hide it
    tabs.current.scrollLeft = here.offsetLeft - (tabs.current.clientWidth - here.offsetWidth) / 2;
  }, [state, Object.keys(counts).length]); // counts make the tabs wider
  return html`<nav class="tabs" aria-label="Jobs by state" ref=${tabs}>
    ${TABS.map(
      ([
        name,
        words,
      ]) => html`<a key=${name} href=${tabAddress(name)} aria-current=${name === state ? "page" : undefined}>
      ${words}${counts[name] !== undefined && html`<span class="count" title=${count(counts[name])}>${shortCount(counts[name])}</span>`}
    </a>`,
    )}
  </nav>`;
}

function tabAddress(state) {
  const asked = new URLSearchParams(query.value);
  if (state === "all") asked.delete("state");
  else asked.set("state", state);
  return asked.size ? `/ui/jobs?${asked}` : "/ui/jobs";
}

function useListing(filter, key) {
  const listing = useMemo(() => new JobListing(apiFilter(filter, Date.now())), [key]);
  useEffect(() => {
    listing.start();
    return () => listing.stop();
  }, [listing]);
  return listing;
}

function Listing({ filter, listing, ask }) {
  const selection = useSelection(listing.rows.value);
  const onEnd = useCallback(() => listing.loadMore(), []);
  const askSelected = (action) => ask(action, selection.all ? undefined : { ids: selection.ids }, selection.clear);
  useRowKeys(filter.state, selection, askSelected);
  const rows = listing.rows.value;
  const error = listing.error.value;
  const columns = useMemo(
    () => [...(actionsOn(filter.state).length ? [selectColumn(selection)] : []), ...columnsOf(filter.state)],
    [selection],
  );
  return html`
    ${error && html`<${Problem} error=${error} retry=${() => (rows.length ? listing.loadMore() : listing.load())} />`}
    ${
      rows.length > 0 &&
      html`<${Card} flush>
      <${VirtualTable} label="Jobs" columns=${columns} rows=${rows} rowKey=${(row) => row.id} rowHeight=${ROW_HEIGHT}
        rowClass=${(row) => classes(selection.has(row.id) && "selected", isGone(row, filter.state) && "left")} onEnd=${onEnd} />
    </${Card}>`
    }
    ${listing.loading.value && html`<${Skeleton} rows=${rows.length ? 2 : 8} />`}
    ${!rows.length && !listing.loading.value && !error && html`<${Nothing} filter=${filter} more=${listing.hasMore.value} search=${() => listing.loadMore()} />`}
    ${
      rows.length > 0 &&
      !listing.loading.value &&
      html`<p class="listing-end quiet">${
        listing.hasMore.value
          ? html`<${Button} small onClick=${onEnd}>Load more</${Button}>`
          : `${plural(rows.length, "job")} in total`
      }</p>`
    }
    <${Selected} filter=${filter} listing=${listing} selection=${selection} ask=${askSelected} />
  `;
}

/** Whether a row's job has left its tab's state. */
const isGone = (row, state) => row.gone || (state !== "all" && row.state !== state);

/** The number of new jobs, and actions on all matching jobs. */
function Tools({ filter, listing, ask }) {
  const fresh = listing.fresh.value;
  const reload = () => {
    listing.load();
    scrollTo(0, 0);
  };
  return html`<div class="listing-tools">
    <span role="status">${fresh > 0 && html`<${Button} small tone="primary" icon="refresh" onClick=${reload}>${fresh > 99 ? "99+ new" : `${fresh} new`}</${Button}>`}</span>
    ${
      listing.rows.value.length > 0 &&
      filter.state !== "all" &&
      actionsOn(filter.state).map(
        (action) => html`
      <${Button} key=${action} small tone="plain" icon=${ACTIONS[action].icon} onClick=${() => ask(action)}>${ACTIONS[action].verb} all</${Button}>`,
      )
    }
  </div>`;
}

/** The selection and its actions. It floats above the foot of the page, so that no row moves. */
function Selected({ filter, listing, selection, ask }) {
  const { size, all } = selection;
  if (!size) return null;
  return html`<div class="selected-bar" role="region" aria-label="Selected jobs">
    <strong>${all ? "All matching jobs" : `${count(size)} selected`}</strong>
    ${
      !all &&
      listing.hasMore.value &&
      size === listing.rows.value.length &&
      html`
      <${Button} small tone="plain" onClick=${selection.selectAll}>Select all matching jobs</${Button}>`
    }
    <span class="actions">${actionsOn(filter.state).map(
      (action) => html`
      <${Button} key=${action} small icon=${ACTIONS[action].icon} onClick=${() => ask(action)}>${ACTIONS[action].verb}</${Button}>`,
    )}</span>
    <${IconButton} icon="close" label="Clear the selection" onClick=${selection.clear} />
  </div>`;
}

/** Keys that move between rows, select them and act on the selection. */
function useRowKeys(state, selection, ask) {
  const links = () => [...document.querySelectorAll(".table.virtual tbody a.name")];
  const move = (by) => {
    const all = links();
    const here = all.findIndex((link) => link.closest("tr").contains(document.activeElement));
    all[here < 0 ? 0 : Math.min(all.length - 1, Math.max(0, here + by))]?.focus();
  };
  const turn = (by) => {
    const states = TABS.map(([name]) => name);
    const next = states.at((states.indexOf(state) + by) % states.length);
    changeFilter({ state: next === "all" ? "" : next });
  };
  const offered = [
    { keys: "j", what: "Next row", run: () => move(1) },
    { keys: "k", what: "Previous row", run: () => move(-1) },
    {
      keys: "x",
      what: "Select the row",
      run: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
    },
    { keys: "]", what: "Next tab", run: () => turn(1) },
    { keys: "[", what: "Previous tab", run: () => turn(-1) },
    ...actionsOn(state).map((action) => ({
      keys: action[0],
      what: `${ACTIONS[action].verb} the selected jobs`,
      run: () => selection.size && ask(action),
    })),
  ];
  useShortcuts(offered, [state, selection]);
}
