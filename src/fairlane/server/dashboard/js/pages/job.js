// One job: its state, timeline, payload, result and logs.
import {
  ButtonLink,
  Card,
  Copy,
  Empty,
  PageHead,
  Problem,
  Progress,
  Skeleton,
  StateBadge,
} from "../components/basics.js";
import { JsonTree } from "../components/json-tree.js";
import { percent } from "../lib/format.js";
import { hasEnded, useJob } from "../lib/job.js";
import { readsLogs } from "../lib/session.js";
import { html } from "../lib/ui.js";
import { JobActions } from "./job/actions.js";
import { Facts } from "./job/facts.js";
import { Failure } from "./job/failure.js";
import { Logs } from "./job/logs.js";
import { Timeline } from "./job/timeline.js";
import { WhyWaiting } from "./job/waiting.js";

export default function JobPage({ id }) {
  const { job, error, reload } = useJob(id);
  const above = html`<a href="/ui/jobs">Jobs</a>`;
  if (!job && error?.status === 404) {
    return html`<${PageHead} title="Job" above=${above} />
      <${Empty} icon="jobs" title="There is no such job" action=${html`<${ButtonLink} href="/ui/jobs">See all jobs</${ButtonLink}>`}>
        Check the id. The store deletes completed jobs after a while, and someone may have deleted a failed one.</${Empty}>`;
  }
  if (!job)
    return html`<${PageHead} title="Job" above=${above} />${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Skeleton} rows=${8} />`}`;
  return html`
    <${PageHead} title=${job.task} above=${above} badges=${html`<${StateBadge} state=${job.state} />`} sub=${html`<span class="mono">${job.id}</span><${Copy} text=${job.id} label="Copy the id" />`}>
      <${JobActions} job=${job} reload=${reload} />
    </${PageHead}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    <div class="job">
      <div class="job-main">
        ${["pending", "scheduled"].includes(job.state) && html`<${WhyWaiting} job=${job} />`}
        ${job.progress && html`<${Reported} job=${job} />`}
        <${Failure} job=${job} />
        <${Card} title="Timeline"><${Timeline} job=${job} /></${Card}>
        <${Card} title="Payload"><${JsonTree} key=${job.payload} text=${job.payload} label="Payload" /></${Card}>
        ${job.result && html`<${Card} title="Result"><${JsonTree} key=${job.result} text=${job.result} label="Result" /></${Card}>`}
        ${readsLogs() && html`<${Logs} job=${job} />`}
      </div>
      <${Facts} job=${job} />
    </div>
  `;
}

function Reported({ job }) {
  const { current, total, message } = job.progress;
  if (hasEnded(job) && job.state === "completed") return null;
  return html`<section class="card reported" aria-label="Progress">
    <p><strong>${message || "In progress"}</strong>
      <span class="quiet">${total ? `${current} of ${total} · ${percent(current / total)}` : current}</span></p>
    <${Progress} value=${current} max=${total} label="Progress of the job" />
  </section>`;
}
