// The audit log: who changed what, from what to what, and when.
import { Card, Empty, PageHead, Problem, Skeleton, TimeAgo } from "../components/basics.js";
import { Paging } from "../components/paging.js";
import { Table } from "../components/table.js";
import { get } from "../lib/api.js";
import { rate } from "../lib/format.js";
import * as check from "../lib/parameters.js";
import { useResource } from "../lib/resource.js";
import { query } from "../lib/router.js";
import { html } from "../lib/ui.js";

export const PARAMETERS = { after: check.filled };

const SHOWN = 3; // targets of a change

export default function Audit() {
  const cursor = query.value.get("after");
  const { data, error, reload } = useResource(
    (signal) => get("/audit", { signal, query: { cursor, limit: 50 } }),
    [cursor],
  );
  const entries = data?.entries ?? [];
  return html`
    <${PageHead} title="Audit log" sub="Changes that users made, newest first" />
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${6} />`}
    ${entries.length > 0 && html`<${Card} flush><${Table} compact label="Audit log" columns=${COLUMNS} rows=${entries} rowKey=${keyOf} /></${Card}>`}
    ${
      data &&
      !entries.length &&
      html`<${Empty} icon="audit" title="No changes yet">
      Changes of limits, queues, workers, tokens, schedules and jobs appear here.</${Empty}>`
    }
    <${Paging} cursor=${cursor} nextCursor=${data?.nextCursor} />
  `;
}

const keyOf = ({ at, action, targets }) => `${at} ${action} ${targets[0] ?? ""}`;

const COLUMNS = [
  { name: "at", title: "When", cell: ({ at }) => html`<${TimeAgo} at=${at} />` },
  { name: "author", title: "Who", cell: ({ author }) => author },
  { name: "action", title: "What", cell: ({ action }) => action },
  { name: "targets", title: "Of", cell: ({ targets }) => inShort(targets), className: "wrapped" },
  { name: "change", title: "Change", cell: (entry) => differences(entry).join(", "), className: "wrapped" },
];

function inShort(targets) {
  const more = targets.length - SHOWN;
  return targets.slice(0, SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The fields that differ, each as "name: before → after"; only the values where they have no fields. */
function differences({ action, before, after }) {
  const inWords = action === "tenant.limits" || action === "defaults" ? limitInWords : valueInWords;
  if (!isObject(before) && !isObject(after)) return [`${inWords(before)} → ${inWords(after)}`];
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .map((name) => ({ name, old: inWords(before?.[name]), fresh: inWords(after?.[name]) }))
    .filter(({ old, fresh }) => old !== fresh)
    .map(({ name, old, fresh }) => `${name}: ${old} → ${fresh}`);
}

const isObject = (value) => typeof value === "object" && value !== null;

const valueInWords = (value) =>
  value === undefined || value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);

function limitInWords(value) {
  if (value === undefined) return "default";
  if (value === null) return "unlimited";
  return value.limit ? rate(value) : String(value);
}
