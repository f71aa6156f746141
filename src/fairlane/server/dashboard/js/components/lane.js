// A tenant's lane: its use of its limits, and what blocks it.
import { count, duration, plural, rate } from "../lib/format.js";
import { now } from "../lib/store.js";
import { html } from "../lib/ui.js";
import { noWorkers } from "../lib/workers.js";
import { Badge, Meter } from "./basics.js";

/** Running jobs against the limit. */
export const RunningBar = ({ tenant }) => html`<span class="used">
  ${tenant.concurrency !== null && html`<${Meter} value=${tenant.running} max=${tenant.concurrency} tone="running" label=${`Running jobs of ${tenant.id}`} />`}
  <span class="number">${count(tenant.running)}${tenant.concurrency === null ? "" : ` / ${count(tenant.concurrency)}`}</span>
</span>`;

/** Submissions of the current window against the limit. */
export function SubmissionBar({ tenant }) {
  const { submitRate: limit, submitRateUsed: used } = tenant;
  if (!limit) return html`<span class="quiet">no limit</span>`;
  return html`<span class="used" title=${rate(limit)}>
    <${Meter} value=${used} max=${limit.limit} tone=${used >= limit.limit ? "bad" : "accent"} label=${`Submissions of ${tenant.id}`} />
    <span class="number">${count(used)} / ${count(limit.limit)}</span>
  </span>`;
}

/** Whether the API would refuse a submission now. */
export const refuses = ({ submitRate, submitRateUsed }) => submitRate !== null && submitRateUsed >= submitRate.limit;

/** What blocks the lane. `unserved`: its queues that no worker serves, as far as known. */
export const LaneBadges = ({ tenant, unserved = [] }) => html`
  ${tenant.paused && html`<${Badge} tone="warn">Paused</${Badge}>`}
  ${!tenant.paused && tenant.blockedBy === "concurrency" && html`<${Badge} tone="running" title="At its concurrency limit">At limit (${count(tenant.concurrency)})</${Badge}>`}
  ${!tenant.paused && tenant.blockedBy === "start_rate" && html`<${Badge} tone="scheduled">At start rate</${Badge}>`}
  ${(unserved.length > 0 || (tenant.pending > 0 && noWorkers())) && html`<${Badge} tone="bad">No worker</${Badge}>`}
  ${refuses(tenant) && html`<${Badge} tone="bad">Submissions refused</${Badge}>`}
`;

/** The same as sentences. */
export function laneSentence(tenant, unserved = []) {
  return `${blockSentence(tenant, unserved)}${workerSentence(unserved)}`;
}

function blockSentence(tenant, unserved) {
  const waiting = tenant.pending ? ` ${plural(tenant.pending, "job")} waiting.` : "";
  if (tenant.paused) return `Paused.${waiting} Running jobs continue, and new jobs are accepted.`;
  if (tenant.blockedBy === "concurrency") {
    return `At its concurrency limit (${count(tenant.concurrency)}).${waiting} The next one starts when a running job ends.`;
  }
  if (tenant.blockedBy === "start_rate") {
    const left = tenant.blockedUntil ? (new Date(tenant.blockedUntil) - now.value) / 1000 : 0;
    const when = left > 0.5 ? `in ${duration(Math.ceil(left))}` : "soon";
    return `At its start rate (${rate(tenant.startRate)}).${waiting} The next one starts ${when}.`;
  }
  if (!tenant.submitted) return "No jobs submitted yet. These limits apply from the first job on.";
  if (unserved.length) return waiting.trimStart();
  if (tenant.pending) return `${plural(tenant.pending, "job")} waiting for a free worker slot.`;
  return tenant.running ? "No jobs waiting." : "No jobs waiting or running.";
}

function workerSentence(queues) {
  if (!queues.length) return "";
  return queues.length === 1
    ? ` No worker serves the queue ${queues[0]}: its jobs wait until one does.`
    : ` No worker serves the queues ${queues.join(", ")}: their jobs wait until one does.`;
}
