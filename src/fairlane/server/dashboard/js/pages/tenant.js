// One tenant: its lane, its limits, and its latest jobs.
import { Button, ButtonLink, Card, Copy, Figure, Meter, PageHead, Problem, Skeleton } from "../components/basics.js";
import { toast, toastError } from "../components/floating.js";
import { LaneBadges, laneSentence, refuses } from "../components/lane.js";
import { Limits } from "../components/limits-form.js";
import { ShortJobs } from "../components/short-jobs.js";
import { at, get, post, withQuery } from "../lib/api.js";
import { count, duration, plural, rate } from "../lib/format.js";
import { useShortcuts } from "../lib/keys.js";
import { useResource } from "../lib/resource.js";
import { changesWork, operates, ownTenant } from "../lib/session.js";
import { html, useRef, useState } from "../lib/ui.js";
import { CancelAll } from "./tenant/cancel-all.js";
import { LimitFacts } from "./tenant/limit-facts.js";
import { useUnservedQueues } from "./tenant/unserved.js";

const LATEST = 8;
const MOST_READINGS = 3;

export default function TenantPage({ id }) {
  const seen = useResource((signal) => get(at`/tenants/${id}`, { signal }), [id]);
  const [busy, setBusy] = useState(false);
  const tenant = seen.data;
  const unserved = useUnservedQueues(tenant);
  const toggle = async () => {
    if (!tenant || busy || !operates()) return;
    setBusy(true);
    try {
      seen.put(await post(tenant.paused ? at`/tenants/${id}/resume` : at`/tenants/${id}/pause`));
      toast(tenant.paused ? `${id} resumed` : `${id} paused`);
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const latest = useRef();
  latest.current = toggle;
  useShortcuts(operates() ? [{ keys: "p", what: "Pause or resume this tenant", run: () => latest.current() }] : []);
  return html`
    <${PageHead} title=${id} above=${ownTenant() === null && html`<a href="/ui/tenants">Tenants</a>`} badges=${html`<${Copy} text=${id} label="Copy the id" />${tenant && html`<${LaneBadges} tenant=${tenant} unserved=${unserved} />`}`}>
      ${
        tenant &&
        html`
        ${operates() && html`<${Button} icon=${tenant.paused ? "play" : "pause"} busy=${busy} onClick=${toggle}>${tenant.paused ? "Resume" : "Pause"}</${Button}>`}
        ${changesWork() && html`<${CancelAll} tenantId=${id} onDone=${seen.reload} />`}
        <${ButtonLink} icon="schedules" href=${withQuery("/ui/schedules", { tenant: ownTenant() === null ? id : "" })}>Schedules</${ButtonLink}>
        ${changesWork() && html`<${ButtonLink} icon="plus" href=${withQuery("/ui/submit", { tenant: id })}>Submit a job</${ButtonLink}>`}`
      }
    </${PageHead}>
    ${seen.error && html`<${Problem} error=${seen.error} retry=${seen.reload} />`}
    ${!tenant && !seen.error && html`<${Skeleton} rows=${6} />`}
    ${
      tenant &&
      html`
      <p class="lane-sentence" data-sentence>${laneSentence(tenant, unserved)}</p>
      <${Figures} tenant=${tenant} />
      <div class="halves">
        ${operates() ? html`<${Limits} tenant=${tenant} onChanged=${seen.put} />` : html`<${LimitFacts} tenant=${tenant} />`}
        <${Latest} tenant=${tenant} />
      </div>`
    }
  `;
}

function Figures({ tenant }) {
  const { concurrency, submitRate, submitRateUsed: used } = tenant;
  return html`<dl class="figures lane-figures">
    <${Figure} state="pending" name="Pending" value=${count(tenant.pending)} note=${tenant.oldestWaitSeconds === null ? "none waiting" : `oldest: ${duration(tenant.oldestWaitSeconds)}`} />
    <${Figure} state="running" name="Running" value=${count(tenant.running)} note=${concurrency === null ? "no limit" : `of ${count(concurrency)}`}
      bar=${concurrency !== null && html`<${Meter} value=${tenant.running} max=${concurrency} tone="running" label="Running jobs" />`} />
    <${Figure} name="Submissions" value=${submitRate ? count(used) : count(tenant.submitted)} note=${submitRate ? `of ${rate(submitRate)}` : "in total, no limit"}
      bar=${submitRate && html`<${Meter} value=${used} max=${submitRate.limit} tone=${refuses(tenant) ? "bad" : "accent"} label="Submissions in the current window" />`} />
    <${Figure} state="completed" name="Completed" value=${count(tenant.completed)} note=${`of ${count(tenant.submitted)} submitted in total`} />
    <${Figure} state="failed" name="Failed attempts" value=${count(tenant.failed)} note=${`${plural(tenant.retried, "retry", "retries")} in total`} />
  </dl>`;
}

/** Its latest jobs. A page of the listing can be empty without being the last, if others have many jobs. */
async function latestJobs(tenantId, signal) {
  let page = { jobs: [], nextCursor: null };
  for (let reading = 0; reading < MOST_READINGS; reading++) {
    const { jobs, nextCursor } = await get("/jobs", {
      signal,
      query: { tenantId, limit: LATEST - page.jobs.length, cursor: page.nextCursor },
    });
    page = { jobs: [...page.jobs, ...jobs], nextCursor };
    if (page.jobs.length === LATEST || !nextCursor) break;
  }
  return page;
}

function Latest({ tenant }) {
  const { data, error } = useResource((signal) => latestJobs(tenant.id, signal), [tenant.id], { pace: 2000 });
  const jobs = data?.jobs;
  return html`<${Card} title="Jobs" flush actions=${html`<${ButtonLink} small href=${withQuery("/ui/jobs", { tenant: ownTenant() === null ? tenant.id : "" })}>${ownTenant() === null ? "All jobs of this tenant" : "All jobs"}</${ButtonLink}>`}>
    ${error && html`<${Problem} error=${error} />`}
    ${!jobs && !error && html`<div class="none"><${Skeleton} rows=${3} /></div>`}
    ${
      jobs &&
      (jobs.length
        ? html`<${ShortJobs} jobs=${jobs} />`
        : html`<p class="none">${data.nextCursor ? "None among the latest jobs of all tenants. The full list looks further back." : "The store keeps no job of this tenant."}</p>`)
    }
  </${Card}>`;
}
