// The dead letters by task and error, and retrying a group.
import { Button, Card, TimeAgo } from "../../components/basics.js";
import { Table } from "../../components/table.js";
import { at, get, withQuery } from "../../lib/api.js";
import { count, plural } from "../../lib/format.js";
import { useResource } from "../../lib/resource.js";
import { html, useState } from "../../lib/ui.js";
import { actionsOn } from "./bulk.js";

const SHOWN = 8;
const PACE_MS = 5000; // a reading costs the API up to 20 pages

/** The groups that match the names in the filter. `ask(action, target)` opens the question. */
export function Groups({ filter: { tenantId, queue, task }, ask }) {
  const [all, setAll] = useState(false);
  const { data } = useResource(
    (signal) => get("/jobs/dlq/groups", { signal, query: { tenantId, queue, task } }),
    [tenantId, queue, task],
    { pace: PACE_MS },
  );
  if (!data?.groups.length) return null;
  const { groups, compared, more } = data;
  const sub = more ? `the newest ${count(compared)}` : plural(compared, "job");
  const shown = all ? groups : groups.slice(0, SHOWN);
  return html`<${Card} title="By task and error" sub=${sub} flush class="groups"
    actions=${groups.length > SHOWN && html`<${Button} small tone="plain" onClick=${() => setAll(!all)}>${all ? "Show fewer" : `Show all ${groups.length}`}</${Button}>`}>
    <${Table} compact label="Dead letters by task and error" columns=${columnsFor(ask)} rows=${shown} rowKey=${({ jobIds }) => jobIds[0]} />
  </${Card}>`;
}

const columnsFor = (ask) => [
  { name: "count", title: "Jobs", numeric: true, cell: (group) => count(group.count) },
  {
    name: "task",
    title: "Task",
    className: "clip",
    cell: ({ task }) => html`<a class="name" href=${withQuery("/ui/jobs", { state: "failed", task })}>${task}</a>`,
  },
  {
    name: "error",
    title: "Error",
    className: "clip",
    cell: ({ errorType, message, jobIds }) =>
      html`<a href=${at`/ui/jobs/${jobIds[0]}`} title=${message}>${errorType || "no error"}</a> <span class="quiet">${message}</span>`,
  },
  { name: "tenants", title: "Tenants", numeric: true, className: "wide-only", cell: (group) => count(group.tenants) },
  {
    name: "newest",
    title: "Newest",
    numeric: true,
    className: "wide-only",
    cell: ({ newestAt }) => html`<${TimeAgo} at=${newestAt} />`,
  },
  ...(actionsOn("failed").includes("retry")
    ? [
        {
          name: "retry",
          title: html`<span class="unseen">Actions</span>`,
          numeric: true,
          cell: ({ task, errorType, jobIds }) =>
            html`<${Button} small icon="refresh" aria-label=${`Retry these: ${task}, ${errorType}`} onClick=${() => ask("retry", { ids: jobIds })}>Retry these</${Button}>`,
        },
      ]
    : []),
];
