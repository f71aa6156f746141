// Every tenant's lane: what waits, what runs, and what holds it back.
import { Button, ButtonLink, Card, Choice, Empty, PageHead, Problem, Skeleton } from "../components/basics.js";
import { Icon } from "../components/icon.js";
import { Table } from "../components/table.js";
import { get, withQuery } from "../lib/api.js";
import { plural } from "../lib/format.js";
import { isName, NAME_RULE } from "../lib/names.js";
import * as check from "../lib/parameters.js";
import { useResource } from "../lib/resource.js";
import { path, query, setQuery } from "../lib/router.js";
import { Shares } from "../lib/shares.js";
import { ORDERS, rankedTenants } from "../lib/tenants.js";
import { html, useMemo, useRef, useState } from "../lib/ui.js";
import { columnsFor } from "./tenants/columns.js";

const PAGE = 50;
const PACE_MS = { byId: 1000, sorted: 3000 }; // a sorted list costs several readings
const CHOICES = [["", "By id"], ...ORDERS];

export const PARAMETERS = {
  prefix: check.name,
  sort: check.oneOf(...ORDERS.map(([order]) => order)),
  after: (value, query) => (query.has("sort") ? "A sorted list has one page only." : check.name(value)),
};

export default function Tenants() {
  const cursor = query.value.get("after");
  const prefix = query.value.get("prefix") ?? "";
  const sort = query.value.get("sort") ?? "";
  const shares = useMemo(() => new Shares(), [cursor, prefix, sort]);
  const { data, error, reload } = useResource(
    async (signal) => {
      const page = sort
        ? await rankedTenants(sort, { limit: PAGE, prefix, signal })
        : await get("/tenants", { signal, query: { prefix, cursor, limit: PAGE } });
      shares.add(page.tenants);
      return { ...page, sort, shares: shares.of(page.tenants) };
    },
    [cursor, prefix, sort],
    { pace: sort ? PACE_MS.sorted : PACE_MS.byId },
  );
  return html`
    <${PageHead} title="Tenants" sub="Each tenant has its own lane. A tenant at a limit delays no other tenant.">
      <${Choice} label="Order" value=${sort} options=${CHOICES} onChange=${(order) => setQuery({ sort: order, after: null })} />
      <${Search} prefix=${prefix} />
    </${PageHead}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${8} />`}
    ${
      data &&
      (data.tenants.length
        ? html`<${Lanes} ...${data} /><${Foot} page=${data} />`
        : html`<${None} prefix=${prefix} cursor=${cursor} sort=${sort} />`)
    }
  `;
}

function Search({ prefix }) {
  const timer = useRef();
  const [wrong, setWrong] = useState(false);
  const typed = (event) => {
    const text = event.target.value;
    const fits = !text || isName(text);
    setWrong(!fits);
    clearTimeout(timer.current);
    if (fits) timer.current = setTimeout(() => setQuery({ prefix: text, after: null }), 150);
  };
  return html`<div class="tenant-search"><label class="search"><${Icon} name="search" />
    <input class="input" type="search" data-search placeholder="Id begins with …" aria-label="Tenants whose id begins with" maxlength="128"
      aria-invalid=${wrong ? "true" : undefined} aria-describedby=${wrong ? "prefix-fault" : undefined}
      spellcheck="false" autocomplete="off" defaultValue=${prefix} onInput=${typed} /></label>
    ${wrong && html`<p class="search-fault" id="prefix-fault" role="alert">${NAME_RULE}</p>`}</div>`;
}

function Lanes({ tenants, shares }) {
  const columns = useMemo(() => columnsFor(shares), [shares]);
  return html`<${Card} flush class="lanes"><${Table} label="Tenants" columns=${columns} rows=${tenants} rowKey=${(tenant) => tenant.id} /></${Card}>`;
}

const Foot = ({ page }) =>
  page.sort && page.tenants.length === PAGE
    ? html`<p class="quiet">The first ${PAGE} in this order</p>`
    : html`<${Pager} page=${page} />`;

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

function None({ prefix, cursor, sort }) {
  if (prefix || cursor || sort) {
    const all = () => {
      setQuery({ prefix: null, after: null, sort: null });
      document.querySelector("[data-search]").value = "";
    };
    return html`<${Empty} icon="search" title="No tenant found" action=${html`<${Button} onClick=${all}>Show all tenants</${Button}>`}>
      ${noneFound(prefix, sort)}</${Empty}>`;
  }
  return html`<${Empty} icon="tenants" title="No tenants yet" action=${html`<${ButtonLink} icon="plus" tone="primary" href="/ui/submit">Submit a job</${ButtonLink}>`}>
    A tenant is the owner of jobs: a customer, a team, a project. It appears here with its first job.</${Empty}>`;
}

function noneFound(prefix, sort) {
  const [, order] = ORDERS.find(([name]) => name === sort) ?? [];
  if (order) return `No tenant${prefix ? ` that begins with “${prefix}”` : ""} belongs in the list “${order}”.`;
  return prefix ? `No tenant id begins with “${prefix}”.` : "There are no more tenants.";
}
