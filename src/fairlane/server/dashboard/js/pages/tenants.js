// Every tenant's lane: what waits, what runs, and what holds it back.
import { Badge, Card, Empty, Meter, PageHead, Problem, Skeleton } from "../components/basics.js";
import { Table } from "../components/table.js";
import { at, get } from "../lib/api.js";
import { count } from "../lib/format.js";
import { query } from "../lib/router.js";
import { useResource } from "../lib/resource.js";
import { html } from "../lib/ui.js";

const COLUMNS = [
  { name: "id", title: "Tenant", cell: (tenant) => html`<a class="name" href=${at`/ui/tenants/${tenant.id}`}>${tenant.id}</a>` },
  { name: "pending", title: "Pending", numeric: true, cell: (tenant) => count(tenant.pending) },
  {
    name: "running", title: "Running", cell: (tenant) => html`<span class="used">
      <${Meter} value=${tenant.running} max=${tenant.concurrency ?? 0} tone="running" label=${`Running jobs of ${tenant.id}`} />
      <span class="number">${count(tenant.running)} / ${tenant.concurrency ?? "∞"}</span></span>`,
  },
  { name: "completed", title: "Completed", numeric: true, cell: (tenant) => count(tenant.completed) },
  { name: "state", title: "", cell: (tenant) => tenant.paused && html`<${Badge} tone="warn">Paused</${Badge}>` },
];

export default function Tenants() {
  const cursor = query.value.get("after");
  const { data, error, reload } = useResource((signal) => get("/tenants", { signal, query: { cursor, limit: 50 } }), [cursor]);
  return html`
    <${PageHead} title="Tenants" />
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${8} />`}
    ${data && (data.tenants.length
      ? html`<${Card} flush><${Table} label="Tenants" columns=${COLUMNS} rows=${data.tenants} rowKey=${(tenant) => tenant.id} /></${Card}>`
      : html`<${Empty} icon="tenants" title="No tenants yet">A tenant appears here with its first job.</${Empty}>`)}
  `;
}
