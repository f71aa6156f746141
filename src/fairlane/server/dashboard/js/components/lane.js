// A tenant's lane: what runs of what may run, and what holds it back.
import { count, duration, rate } from "../lib/format.js";
import { now } from "../lib/store.js";
import { html } from "../lib/ui.js";
import { Badge, Meter } from "./basics.js";

/** Running jobs against the limit. */
export const RunningBar = ({ tenant }) => html`<span class="used">
  ${tenant.concurrency !== null && html`<${Meter} value=${tenant.running} max=${tenant.concurrency} tone="running" label=${`Running jobs of ${tenant.id}`} />`}
  <span class="number">${count(tenant.running)}${tenant.concurrency === null ? "" : ` / ${count(tenant.concurrency)}`}</span>
</span>`;

/** Submissions of the present window against the limit. */
export function SubmissionBar({ tenant }) {
  const { submitRate: limit, submitRateUsed: used } = tenant;
  if (!limit) return html`<span class="quiet">no limit</span>`;
  return html`<span class="used" title=${rate(limit)}>
    <${Meter} value=${used} max=${limit.limit} tone=${used >= limit.limit ? "bad" : "accent"} label=${`Submissions of ${tenant.id}`} />
    <span class="number">${count(used)} / ${count(limit.limit)}</span>
  </span>`;
}

/** Whether a submission would be refused now. */
export const refuses = ({ submitRate, submitRateUsed }) => submitRate !== null && submitRateUsed >= submitRate.limit;

/** What blocks the lane, and whether it refuses submissions. */
export const LaneBadges = ({ tenant }) => html`
  ${tenant.paused && html`<${Badge} tone="warn">Paused</${Badge}>`}
  ${!tenant.paused && tenant.blockedBy === "concurrency" && html`<${Badge} tone="running">At its limit</${Badge}>`}
  ${!tenant.paused && tenant.blockedBy === "start_rate" && html`<${Badge} tone="scheduled">Start rate used up</${Badge}>`}
  ${refuses(tenant) && html`<${Badge} tone="bad">Submissions refused</${Badge}>`}
`;

/** The same in a sentence. */
export function laneSentence(tenant) {
  const waiting = tenant.pending === 1 ? "Its pending job waits" : `Its ${count(tenant.pending)} pending jobs wait`;
  if (tenant.paused) {
    return tenant.pending
      ? `${waiting} until it is resumed. Jobs that run go on, and new ones may be submitted.`
      : "No job of it starts until it is resumed. New ones may be submitted.";
  }
  if (tenant.blockedBy === "concurrency") {
    const limit = tenant.concurrency === 1 ? "one job" : `${count(tenant.concurrency)} jobs`;
    return `${waiting}, for it runs as many as it may: ${limit}. The next one starts when one ends.`;
  }
  if (tenant.blockedBy === "start_rate") {
    const left = tenant.blockedUntil ? (new Date(tenant.blockedUntil) - now.value) / 1000 : 0;
    const when = left > 0.5 ? `in ${duration(Math.ceil(left))}` : "soon";
    return `${waiting}, for it has started as many jobs as it may (${rate(tenant.startRate)}). The next one starts ${when}.`;
  }
  if (!tenant.submitted) return "It has not submitted a job yet; these limits hold from its first on.";
  if (tenant.pending) return `${waiting} for a free slot, in turn with other tenants.`;
  return tenant.running
    ? "Nothing waits: every job that it has submitted runs or is done."
    : "Nothing waits and nothing runs.";
}
