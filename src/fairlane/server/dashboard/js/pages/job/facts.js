// The fields of a job.
import { Card, Elapsed, TimeAgo } from "../../components/basics.js";
import { at, withQuery } from "../../lib/api.js";
import { count, duration } from "../../lib/format.js";
import { hasEnded } from "../../lib/job.js";
import { html } from "../../lib/ui.js";

export const REASONS = {
  retry: "retry after a failed attempt",
  snoozed: "the task snoozed itself",
  unfit: "no worker so far knows its task or takes its arguments",
  released: "released by its worker",
  worker_lost: "worker lost",
  retried: "retried from the dead letter queue",
  attempts_exhausted: "no attempts left",
  timed_out: "timed out",
  rejected: "unknown task or invalid payload",
  cancelled_by_user: "cancelled by a user",
  cancelled_by_task: "cancelled by the task",
  needs: "waits for other jobs",
  need_failed: "a job that it needs did not complete",
  expired: "did not start in time",
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
    ["Time limit", `${duration(job.timeoutSeconds)} per attempt`],
    job.reason && ["Reason", REASONS[job.reason] ?? job.reason],
    ["Submitted", html`<${TimeAgo} at=${job.createdAt} />`],
    job.runAt && !hasEnded(job) && ["Due", html`<${TimeAgo} at=${job.runAt} />`],
    job.needs?.length && [
      "Needs",
      html`<span>${job.needs.map((id) => html`<a class="mono" key=${id} href=${at`/ui/jobs/${id}`}>${id}</a> `)}</span>`,
    ],
    job.batchId && ["Batch", html`<a class="mono" href=${at`/ui/batches/${job.batchId}`}>${job.batchId}</a>`],
    job.expiresAt && !hasEnded(job) && !job.startedAt && ["Expires", html`<${TimeAgo} at=${job.expiresAt} />`],
    job.state === "running" && ["Lease ends", html`<${TimeAgo} at=${job.leaseExpiresAt} />`],
    job.finishedAt && ["Ended", html`<${TimeAgo} at=${job.finishedAt} />`],
    job.finishedAt && ["Total", html`<${Elapsed} from=${job.createdAt} to=${job.finishedAt} />`],
    job.workerId && ["Worker", html`<span class="mono">${job.workerId}</span>`],
    job.tags.length > 0 && ["Tags", html`<span>${job.tags.map((tag) => html`${jobsWith("tag", tag)} `)}</span>`],
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
