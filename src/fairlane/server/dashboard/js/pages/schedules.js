// Schedules: what runs when, and actions on each.
import { Button, Card, Code, Empty, PageHead, Problem, Skeleton } from "../components/basics.js";
import { Paging } from "../components/paging.js";
import { Table } from "../components/table.js";
import { TenantFilter } from "../components/tenant-filter.js";
import { get } from "../lib/api.js";
import * as check from "../lib/parameters.js";
import { useResource } from "../lib/resource.js";
import { query, setQuery } from "../lib/router.js";
import { ownTenant } from "../lib/session.js";
import { html, useState } from "../lib/ui.js";
import { columnsFor } from "./schedules/columns.js";
import { Details } from "./schedules/details.js";

const EXAMPLE = `from fairlane import App

app = App()

@app.task
def report(day: str) -> None: ...

app.cron("nightly", "0 3 * * *", report.bind("today"), tenant="acme", tz="Europe/Paris")`;

export const PARAMETERS = { tenant: check.name, after: check.filled };

const keyOf = ({ tenantId, name }) => `${tenantId}/${name}`;

export default function Schedules() {
  const tenantId = query.value.get("tenant") ?? "";
  const cursor = query.value.get("after");
  const { data, error, reload } = useResource(
    (signal) => get("/schedules", { signal, query: { tenantId, cursor, limit: 50 } }),
    [tenantId, cursor],
  );
  const [opened, setOpened] = useState(null); // the key of the schedule whose details are open
  const schedules = data?.schedules ?? [];
  const shown = schedules.find((schedule) => keyOf(schedule) === opened);
  const columns = columnsFor({ open: (schedule) => setOpened(keyOf(schedule)), reload });
  return html`
    <${PageHead} title="Schedules" sub="A schedule submits a job each time its cron rule is due." />
    ${ownTenant() === null && (tenantId || schedules.length > 0) && html`<${TenantFilter} label="Schedules of the tenant" tenantId=${tenantId} />`}
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${4} />`}
    ${schedules.length > 0 && html`<${Card} flush><${Table} compact label="Schedules" columns=${columns} rows=${schedules} rowKey=${keyOf} /></${Card}>`}
    ${data && !schedules.length && html`<${None} tenantId=${tenantId} />`}
    <${Paging} cursor=${cursor} nextCursor=${data?.nextCursor} />
    ${shown && html`<${Details} schedule=${shown} reload=${reload} onClose=${() => setOpened(null)} />`}
  `;
}

function None({ tenantId }) {
  if (!tenantId) {
    return html`<${Empty} icon="schedules" title="No schedules yet" action=${html`<${Code} text=${EXAMPLE} />`}>
      Declare one beside its task. It appears here when a worker with that app starts.</${Empty}>`;
  }
  return html`<${Empty} icon="search" title="No schedules of this tenant" action=${html`<${Button} onClick=${() => setQuery({ tenant: "" })}>Show all schedules</${Button}>`}>
    The tenant ${tenantId} has no schedules.</${Empty}>`;
}
