// The tables of the overview: the busiest tenants and queues, and the workers.
import { Badge, ButtonLink, Card, Elapsed, Meter, Problem, Skeleton } from "../../components/basics.js";
import { Icon } from "../../components/icon.js";
import { NoWorker } from "../../components/no-worker.js";
import { Table } from "../../components/table.js";
import { withQuery } from "../../lib/api.js";
import { count } from "../../lib/format.js";
import { useResource } from "../../lib/resource.js";
import { topTenants } from "../../lib/tenants.js";
import { html } from "../../lib/ui.js";
import { SHORT_COLUMNS } from "../tenants/columns.js";

const ROWS = 6;
const PACE_MS = 5000;

const AllLink = ({ href, children }) =>
  html`<${ButtonLink} small tone="plain" href=${href}>${children}</${ButtonLink}>`;

export function Tenants() {
  const { data, error, reload } = useResource((signal) => topTenants("busy", { count: ROWS, signal }), [], {
    pace: PACE_MS,
  });
  const busy = (data?.tenants ?? []).filter(({ pending, running }) => pending + running > 0);
  const sub = data?.more ? `the busiest of the first ${count(data.read)} by id` : "the busiest";
  return html`<${Card} title="Tenants" sub=${sub} flush actions=${html`<${AllLink} href="/ui/tenants">All tenants</${AllLink}>`}>
    ${error && !data && html`<${Problem} error=${error} retry=${reload} />`}
    ${!error && !data && html`<div class="none"><${Skeleton} rows=${3} /></div>`}
    ${busy.length > 0 && html`<${Table} label="Busiest tenants" columns=${SHORT_COLUMNS} rows=${busy} rowKey=${(tenant) => tenant.id} />`}
    ${data && !busy.length && html`<p class="none">No tenant has pending or running jobs.</p>`}
  </${Card}>`;
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
