// The tables of the overview: the top tenants, the busiest queues, and the workers.
import { Badge, ButtonLink, Card, Choice, Elapsed, Meter, Problem, Skeleton } from "../../components/basics.js";
import { Icon } from "../../components/icon.js";
import { NoWorker } from "../../components/no-worker.js";
import { Table } from "../../components/table.js";
import { withQuery } from "../../lib/api.js";
import { count, duration, plural } from "../../lib/format.js";
import { useResource } from "../../lib/resource.js";
import { ORDERS, rankedTenants, waitsOf } from "../../lib/tenants.js";
import { html, useState } from "../../lib/ui.js";
import { SHORT_COLUMNS } from "../tenants/columns.js";

const ROWS = 6;
const COMPARED = 100; // tenants whose waits are compared
const PACE_MS = 5000;
const NONE = {
  pending: "No tenant has pending jobs.",
  oldest: "No tenant has pending jobs.",
  running: "No tenant has running jobs.",
  failing: "No attempt has failed.",
  blocked: "No tenant is paused or at a limit.",
};

const AllLink = ({ href, children }) =>
  html`<${ButtonLink} small tone="plain" href=${href}>${children}</${ButtonLink}>`;

export function Tenants() {
  const [order, setOrder] = useState(ORDERS[0][0]);
  const { data, error, reload } = useResource(
    async (signal) => ({
      top: (await rankedTenants(order, { limit: ROWS, signal })).tenants,
      waiting: (await rankedTenants("oldest", { limit: COMPARED, signal })).tenants,
    }),
    [order],
    { pace: PACE_MS },
  );
  const choice = html`<${Choice} label="Order of the tenants" value=${order} options=${ORDERS} onChange=${setOrder} />`;
  const all = html`<${AllLink} href=${withQuery("/ui/tenants", { sort: order })}>All tenants</${AllLink}>`;
  return html`<${Card} title="Top tenants" flush actions=${html`${choice}${all}`}>
    ${error && !data && html`<${Problem} error=${error} retry=${reload} />`}
    ${!error && !data && html`<div class="none"><${Skeleton} rows=${3} /></div>`}
    ${data?.top.length > 0 && html`<${Table} label="Top tenants" columns=${SHORT_COLUMNS} rows=${data.top} rowKey=${(tenant) => tenant.id} />`}
    ${data && !data.top.length && html`<p class="none">${NONE[order]}</p>`}
    ${data?.waiting.length > 0 && html`<${Waits} tenants=${data.waiting} />`}
  </${Card}>`;
}

/** How long tenants wait now, with and without the one that has the most pending jobs. Paused ones do not count. */
function Waits({ tenants }) {
  const waiting = tenants.filter(({ paused }) => !paused);
  if (!waiting.length) return null;
  const top = waiting.reduce((most, tenant) => (tenant.pending > most.pending ? tenant : most));
  const others = waiting.filter((tenant) => tenant !== top);
  const words = ({ half, most }) => `p50 ${duration(half)}, p95 ${duration(most)}`;
  const who =
    tenants.length < COMPARED ? plural(waiting.length, "tenant") : `the ${COMPARED} tenants that wait longest`;
  return html`<p class="waits quiet" title="How long the oldest pending job of each tenant has waited. Paused tenants do not count">
    Waiting now, ${who}: <strong>${words(waitsOf(waiting))}</strong>${others.length > 0 && html`. Without ${top.id}: <strong>${words(waitsOf(others))}</strong>`}
  </p>`;
}

const QUEUE_COLUMNS = [
  {
    name: "name",
    title: "Queue",
    cell: (queue) => html`<a class="name" href=${withQuery("/ui/jobs", { queue: queue.name })}>${queue.name}</a>`,
  },
  {
    name: "state",
    title: "",
    cell: ({ name, paused }) =>
      html`${paused && html`<${Badge} tone="warn">Paused</${Badge}>`} <${NoWorker} queue=${name} />`,
  },
  { name: "pending", title: "Pending", numeric: true, cell: (queue) => count(queue.pending) },
  {
    name: "runnable",
    title: "Tenants ready",
    hint: "Tenants with a job here that could start now",
    numeric: true,
    cell: (queue) => count(queue.runnableTenants),
  },
];

export function Queues({ queues }) {
  const busiest = queues.toSorted((a, b) => b.pending - a.pending).slice(0, ROWS);
  return html`<${Card} title="Queues" flush actions=${html`<${AllLink} href="/ui/queues">All queues</${AllLink}>`}>
    ${
      busiest.length
        ? html`<${Table} label="Queues" columns=${QUEUE_COLUMNS} rows=${busiest} rowKey=${(queue) => queue.name} />`
        : html`<p class="none">A queue appears here with its first job.</p>`
    }
  </${Card}>`;
}

const WORKER_COLUMNS = [
  { name: "id", title: "Worker", cell: (worker) => html`<span class="name">${worker.id}</span>` },
  { name: "state", title: "", cell: (worker) => worker.draining && html`<${Badge} tone="warn">Draining</${Badge}>` },
  {
    name: "running",
    title: "Running",
    cell: (worker) => html`<span class="used">
      <${Meter} value=${worker.running} max=${worker.slots} tone="running" label=${`Slots in use by ${worker.id}`} />
      <span class="number">${worker.running} / ${worker.slots}</span></span>`,
  },
  {
    name: "up",
    title: "Uptime",
    numeric: true,
    className: "wide-only",
    cell: (worker) => html`<${Elapsed} from=${worker.startedAt} />`,
  },
];

export const Workers = ({ workers }) => html`
  <${Card} title="Workers" flush actions=${html`<${AllLink} href="/ui/workers">All workers</${AllLink}>`}>
  ${
    workers.length
      ? html`<${Table} label="Workers" columns=${WORKER_COLUMNS} rows=${workers.slice(0, ROWS)} rowKey=${(worker) => worker.id} />`
      : html`<div class="none"><${Icon} name="alert" /> No worker is connected, so no job starts. Start one with <code>fairlane worker</code>.</div>`
  }
  </${Card}>`;
