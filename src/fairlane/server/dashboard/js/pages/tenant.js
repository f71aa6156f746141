// One tenant: its lane, and its limits.
import { PageHead, Problem, Skeleton } from "../components/basics.js";
import { at, get } from "../lib/api.js";
import { count } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { html } from "../lib/ui.js";

export default function TenantPage({ id }) {
  const { data: tenant, error, reload } = useResource((signal) => get(at`/tenants/${id}`, { signal }), [id]);
  return html`
    <${PageHead} title=${id} above=${html`<a href="/ui/tenants">Tenants</a>`} />
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${tenant ? html`<p>${count(tenant.pending)} pending, ${count(tenant.running)} running</p>` : !error && html`<${Skeleton} />`}
  `;
}
