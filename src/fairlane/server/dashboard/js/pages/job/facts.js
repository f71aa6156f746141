// What a job was asked with, beside its story.
import { Card, Elapsed, TimeAgo } from "../../components/basics.js";
import { at, withQuery } from "../../lib/api.js";
import { count, duration } from "../../lib/format.js";
import { hasEnded } from "../../lib/job.js";
import { html } from "../../lib/ui.js";

export const REASONS = {
  retry: "an attempt failed; it is tried again",
  snoozed: "the task asked to be run later",
  released: "its worker gave it back",
  worker_lost: "its worker was lost",
  retried: "sent back from the dead letter queue",
  attempts_exhausted: "its attempts are used up",
  timed_out: "it ran over its time limit",
  rejected: "the task is unknown, or its payload does not fit",
  cancelled_by_user: "somebody cancelled it",
  cancelled_by_task: "the task cancelled itself",
};

export function Facts({ job }) {
  const jobsWith = (name, value) =>
    html`<a href=${withQuery("/ui/jobs", { state: "all", [name]: value })}>${value}</a>`;
  const facts = [
    ["Tenant", html`<a href=${at`/ui/tenants/${job.tenantId}`}>${job.tenantId}</a>`],
    ["Queue", jobsWith("queue", job.queue)],
    ["Task", jobsWith("task", job.task)],
    ["Priority", count(job.priority)],
    ["Attempt", `${count(job.attempt)} of ${count(job.maxAttempts)}`],
    ["Time limit", `${duration(job.timeoutSeconds)} an attempt`],
    job.reason && ["Reason", REASONS[job.reason] ?? job.reason],
    ["Submitted", html`<${TimeAgo} at=${job.createdAt} />`],
    job.runAt && !hasEnded(job) && ["Due", html`<${TimeAgo} at=${job.runAt} />`],
    job.state === "running" && ["Lease ends", html`<${TimeAgo} at=${job.leaseExpiresAt} />`],
    job.finishedAt && ["Ended", html`<${TimeAgo} at=${job.finishedAt} />`],
    job.finishedAt && ["In all", html`<${Elapsed} from=${job.createdAt} to=${job.finishedAt} />`],
    job.workerId && ["Worker", html`<span class="mono">${job.workerId}</span>`],
    job.key && ["Key", html`<span class="mono">${job.key}</span>`],
  ].filter(Boolean);
  const headers = Object.entries(job.headers ?? {});
  return html`<aside class="job-facts" aria-label="Facts">
    <${Card} flush>
      <dl class="facts">
        ${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
      </dl>
    </${Card}>
    ${
      headers.length > 0 &&
      html`<${Card} title="Headers" flush><dl class="facts">
      ${headers.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd class="mono">${value}</dd></div>`)}
    </dl></${Card}>`
    }
  </aside>`;
}
