// One batch: how far it is, its callbacks and its jobs.
import { ButtonLink, Card, Copy, Figure, PageHead, Problem, Skeleton, TimeAgo } from "../components/basics.js";
import { BatchBadge, callbacksOf, EndedBar, endedOf } from "../components/batch.js";
import { ShortJobs } from "../components/short-jobs.js";
import { at, get, withQuery } from "../lib/api.js";
import { count } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { changesWork } from "../lib/session.js";
import { html } from "../lib/ui.js";
import { BatchActions } from "./batch/actions.js";

const SHOWN = 8; // jobs

export default function BatchPage({ id }) {
  const { data: batch, error, reload, put } = useResource((signal) => get(at`/batches/${id}`, { signal }), [id]);
  return html`
    <${PageHead} title="Batch" above=${html`<a href="/ui/batches">Batches</a>`} badges=${batch && html`<${BatchBadge} state=${batch.state} />`}
      sub=${html`<span class="mono">${id}</span><${Copy} text=${id} label="Copy the id" />`}>
      ${batch && changesWork() && html`<${BatchActions} batch=${batch} put=${put} />`}
    </${PageHead}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!batch && !error && html`<${Skeleton} rows=${6} />`}
    ${
      batch &&
      html`
      <section class="card reported" aria-label="Progress">
        <p><strong>Ended jobs</strong><span class="quiet">${endedOf(batch)}</span></p>
        <${EndedBar} batch=${batch} label="Ended jobs" />
      </section>
      <${Figures} batch=${batch} />
      <div class="halves"><${Facts} batch=${batch} /><${Jobs} batch=${batch} /></div>`
    }
  `;
}

const jobsOf = (id, state) => withQuery("/ui/jobs", { batch: id, state });

const Figures = ({ batch }) => html`<dl class="figures lane-figures">
  <${Figure} name="Unfinished" value=${count(batch.unfinished)} note="waiting or running" href=${jobsOf(batch.id)} />
  ${[
    ["completed", "Completed", "jobs"],
    ["failed", "Failed", "dead letters"],
    ["cancelled", "Cancelled", "jobs"],
  ].map(
    ([state, name, note]) => html`
    <${Figure} key=${state} state=${state} name=${name} value=${count(batch[state])} note=${note} href=${jobsOf(batch.id, state)} />`,
  )}
  <${Figure} name="In total" value=${count(batch.total)} note="jobs, deleted ones too" href=${jobsOf(batch.id)} />
</dl>`;

function Facts({ batch }) {
  const facts = [
    ["Tenant", html`<a href=${at`/ui/tenants/${batch.tenantId}`}>${batch.tenantId}</a>`],
    ["Created", html`<${TimeAgo} at=${batch.createdAt} />`],
    batch.finishedAt && ["Ended", html`<${TimeAgo} at=${batch.finishedAt} />`],
    ...callbacksOf(batch).map(([name, href]) => [
      `Callback “${name}”`,
      html`<a class="mono" href=${href}>…${href.slice(-8)}</a>`,
    ]),
  ].filter(Boolean);
  return html`<${Card} title="Facts" flush>
    <dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  </${Card}>`;
}

function Jobs({ batch: { id } }) {
  const { data, error } = useResource(
    (signal) => get("/jobs", { signal, query: { batchId: id, limit: SHOWN } }),
    [id],
    { pace: 2000 },
  );
  const jobs = data?.jobs;
  return html`<${Card} title="Jobs" sub="failed ones first" flush actions=${html`<${ButtonLink} small href=${jobsOf(id)}>All jobs of this batch</${ButtonLink}>`}>
    ${error && html`<${Problem} error=${error} />`}
    ${!jobs && !error && html`<div class="none"><${Skeleton} rows=${3} /></div>`}
    ${jobs && (jobs.length ? html`<${ShortJobs} jobs=${jobs} />` : html`<p class="none">The store keeps no job of this batch.</p>`)}
  </${Card}>`;
}
