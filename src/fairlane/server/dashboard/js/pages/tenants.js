// Every tenant's lane: what waits, what runs, and what holds it back.
import { Button, ButtonLink, Card, Empty, Meter, PageHead, Problem, Skeleton } from "../components/basics.js";
import { Icon } from "../components/icon.js";
import { LaneBadges, RunningBar, SubmissionBar } from "../components/lane.js";
import { Table } from "../components/table.js";
import { at, get, withQuery } from "../lib/api.js";
import { count, duration, percent, plural } from "../lib/format.js";
import * as check from "../lib/parameters.js";
import { useResource } from "../lib/resource.js";
import { path, query, setQuery } from "../lib/router.js";
import { Shares } from "../lib/shares.js";
import { html, useMemo, useRef } from "../lib/ui.js";

const PAGE = 50;
const NOT_IN_NAMES = /[^A-Za-z0-9._:@-]/g;

export const PARAMETERS = { prefix: check.name, after: check.name };

export default function Tenants() {
  const cursor = query.value.get("after");
  const prefix = query.value.get("prefix") ?? "";
  const shares = useMemo(() => new Shares(), [cursor, prefix]);
  const { data, error, reload } = useResource(
    async (signal) => {
      const page = await get("/tenants", { signal, query: { prefix, cursor, limit: PAGE } });
      shares.add(page.tenants);
      return { ...page, shares: shares.of(page.tenants) };
    },
    [cursor, prefix],
  );
  return html`
    <${PageHead} title="Tenants" sub="A lane each: who is at a limit steps aside and delays nobody else.">
      <${Search} prefix=${prefix} />
    </${PageHead}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${8} />`}
    ${data && (data.tenants.length ? html`<${Lanes} ...${data} /><${Pager} page=${data} />` : html`<${None} prefix=${prefix} cursor=${cursor} />`)}
  `;
}

function Search({ prefix }) {
  const timer = useRef();
  const typed = (event) => {
    const cleaned = event.target.value.replaceAll(NOT_IN_NAMES, "");
    if (cleaned !== event.target.value) event.target.value = cleaned;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ prefix: cleaned, after: null }), 150);
  };
  return html`<label class="search"><${Icon} name="search" />
    <input class="input" type="search" data-search placeholder="Id begins with …" aria-label="Tenants whose id begins with" maxlength="128"
      spellcheck="false" autocomplete="off" defaultValue=${prefix} onInput=${typed} /></label>`;
}

function Lanes({ tenants, shares }) {
  const columns = useMemo(() => columnsFor(shares), [shares]);
  return html`<${Card} flush><${Table} label="Tenants" columns=${columns} rows=${tenants} rowKey=${(tenant) => tenant.id} /></${Card}>`;
}

const columnsFor = (shares) => [
  {
    name: "id",
    title: "Tenant",
    className: "lane-id",
    cell: (tenant) => html`<span class="lane-name"><a class="name" href=${at`/ui/tenants/${tenant.id}`}>${tenant.id}</a>
    ${tenant.customized && html`<span class="own" title="Its limits were set for it; they are not the defaults"><${Icon} name="sliders" size=${14} /><span class="unseen">own limits</span></span>`}</span>
    <div class="phone-only"><${LaneBadges} tenant=${tenant} /></div>`,
  },
  {
    name: "state",
    title: "Held back by",
    className: "lane-state wide-only",
    cell: (tenant) => html`<${LaneBadges} tenant=${tenant} />`,
  },
  {
    name: "pending",
    title: "Pending",
    numeric: true,
    cell: (tenant) => html`<span class=${tenant.pending ? "" : "quiet"}>${count(tenant.pending)}</span>`,
  },
  {
    name: "running",
    title: "Running",
    hint: "Jobs that run, of those that may run at once",
    cell: (tenant) => html`<${RunningBar} tenant=${tenant} />`,
  },
  {
    name: "submitted",
    title: "Submissions",
    hint: "Within the present window of its submission rate",
    className: "wide-only",
    cell: (tenant) => html`<${SubmissionBar} tenant=${tenant} />`,
  },
  {
    name: "oldest",
    title: "Oldest wait",
    hint: "How long its oldest pending job has waited",
    numeric: true,
    className: "wide-only",
    cell: (tenant) =>
      html`<span class=${tenant.oldestWaitSeconds === null ? "quiet" : ""}>${duration(tenant.oldestWaitSeconds)}</span>`,
  },
  {
    name: "share",
    title: "Share of starts",
    hint: "Of all starts on this page within the last minute. The mark is the share that its weight entitles it to, among those that have started jobs or could start some",
    className: "wide-only",
    cell: (tenant) => html`<${Share} tenant=${tenant} share=${shares.get(tenant.id)} />`,
  },
];

function Share({ tenant, share }) {
  if (!share) return html`<span class="quiet">–</span>`;
  return html`<span class="used"><${Meter} value=${share.share ?? 0} max=${1} mark=${share.fair} tone="accent" label=${`Share of starts of ${tenant.id}`} />
    <span class="number">${share.share === null ? "–" : percent(share.share)}</span></span>`;
}

function Pager({ page }) {
  const here = query.value;
  if (!page.nextCursor && !here.get("after"))
    return html`<p class="quiet">${plural(page.tenants.length, "tenant")}</p>`;
  const to = (after) => withQuery(path.value, { prefix: here.get("prefix"), after });
  return html`<nav class="pager" aria-label="Pages of tenants">
    <span class="quiet">${page.tenants[0].id} to ${page.tenants.at(-1).id}</span>
    <span class="actions">
      ${here.get("after") && html`<${ButtonLink} small icon="left" href=${to(null)}>First page</${ButtonLink}>`}
      ${page.nextCursor && html`<${ButtonLink} small href=${to(page.nextCursor)}>Next page <${Icon} name="right" size=${14} /></${ButtonLink}>`}
    </span>
  </nav>`;
}

function None({ prefix, cursor }) {
  if (prefix || cursor) {
    const all = () => {
      setQuery({ prefix: null, after: null });
      document.querySelector("[data-search]").value = "";
    };
    return html`<${Empty} icon="search" title="No tenant found" action=${html`<${Button} onClick=${all}>Show all tenants</${Button}>`}>
      ${prefix ? `No tenant has an id that begins with “${prefix}”.` : "There are no more tenants."}</${Empty}>`;
  }
  return html`<${Empty} icon="tenants" title="No tenants yet" action=${html`<${ButtonLink} icon="plus" tone="primary" href="/ui/submit">Submit a job</${ButtonLink}>`}>
    A tenant is whoever a job belongs to: a customer, a team, a project. It appears here with its first job.</${Empty}>`;
}
