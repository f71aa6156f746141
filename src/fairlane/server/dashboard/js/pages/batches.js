// Batches: how far each is, and which callbacks were made.
import { Button, Card, Code, Empty, PageHead, Problem, Skeleton, TimeAgo } from "../components/basics.js";
import { BatchBadge, callbacksOf, EndedBar, endedOf } from "../components/batch.js";
import { Paging } from "../components/paging.js";
import { Table } from "../components/table.js";
import { TenantFilter } from "../components/tenant-filter.js";
import { at, get } from "../lib/api.js";
import { count } from "../lib/format.js";
import * as check from "../lib/parameters.js";
import { useResource } from "../lib/resource.js";
import { query, setQuery } from "../lib/router.js";
import { ownTenant } from "../lib/session.js";
import { html } from "../lib/ui.js";

const EXAMPLE = `async with app.batch(tenant="acme", then=merge.bind()) as batch:
    for page in range(20):
        await batch.submit(fetch.bind(page))`;

export const PARAMETERS = { tenant: check.name, after: check.filled };

export default function Batches() {
  const tenantId = query.value.get("tenant") ?? "";
  const cursor = query.value.get("after");
  const { data, error, reload } = useResource(
    (signal) => get("/batches", { signal, query: { tenantId, cursor, limit: 50 } }),
    [tenantId, cursor],
  );
  const batches = data?.batches ?? [];
  return html`
    <${PageHead} title="Batches" sub="A batch is a set of jobs with callbacks: jobs that are made when the set has ended." />
    ${ownTenant() === null && (tenantId || batches.length > 0) && html`<${TenantFilter} label="Batches of the tenant" tenantId=${tenantId} />`}
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${4} />`}
    ${batches.length > 0 && html`<${Card} flush><${Table} label="Batches" columns=${columns()} rows=${batches} rowKey=${({ id }) => id} /></${Card}>`}
    ${data && !batches.length && html`<${None} tenantId=${tenantId} />`}
    <${Paging} cursor=${cursor} nextCursor=${data?.nextCursor} />
  `;
}

const columns = () => COLUMNS.filter(({ name }) => name !== "tenant" || ownTenant() === null);

const COLUMNS = [
  {
    name: "id",
    title: "Batch",
    cell: ({ id }) => html`<a class="mono" href=${at`/ui/batches/${id}`} title=${id}>…${id.slice(-8)}</a>`,
  },
  {
    name: "tenant",
    title: "Tenant",
    className: "wide-only clip",
    cell: ({ tenantId }) => html`<a href=${at`/ui/tenants/${tenantId}`}>${tenantId}</a>`,
  },
  { name: "state", title: "State", cell: ({ state }) => html`<${BatchBadge} state=${state} />` },
  {
    name: "ended",
    title: "Ended",
    hint: "Jobs that have ended, and all jobs",
    cell: (batch) => html`<span class="used"><${EndedBar} batch=${batch} label=${`Ended jobs of ${batch.id}`} />
      <span class="number">${endedOf(batch)}</span></span>`,
  },
  {
    name: "completed",
    title: "Completed",
    numeric: true,
    className: "wide-only",
    cell: (batch) => number(batch.completed),
  },
  { name: "failed", title: "Failed", numeric: true, cell: (batch) => number(batch.failed) },
  {
    name: "cancelled",
    title: "Cancelled",
    numeric: true,
    className: "wide-only",
    cell: (batch) => number(batch.cancelled),
  },
  {
    name: "callbacks",
    title: "Callbacks",
    hint: "Callbacks whose job was made",
    className: "wide-only",
    cell: (batch) => callbacksOf(batch).map(([name, href]) => html`<a key=${name} href=${href}>${name}</a> `),
  },
  {
    name: "created",
    title: "Created",
    numeric: true,
    className: "wide-only",
    cell: ({ createdAt }) => html`<${TimeAgo} at=${createdAt} />`,
  },
];

const number = (value) => html`<span class=${value ? "" : "quiet"}>${count(value)}</span>`;

function None({ tenantId }) {
  if (!tenantId) {
    return html`<${Empty} icon="batches" title="No batches yet" action=${html`<${Code} text=${EXAMPLE} />`}>
      Create one in the code of an app, or with POST /batches.</${Empty}>`;
  }
  return html`<${Empty} icon="search" title="No batches of this tenant" action=${html`<${Button} onClick=${() => setQuery({ tenant: "" })}>Show all batches</${Button}>`}>
    The tenant ${tenantId} has no batches.</${Empty}>`;
}
