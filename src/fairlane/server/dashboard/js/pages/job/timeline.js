// The timeline of a job: each wait and each attempt.
import { Badge } from "../../components/basics.js";
import { dateTime, duration, time } from "../../lib/format.js";
import { hasEnded } from "../../lib/job.js";
import { now } from "../../lib/store.js";
import { html } from "../../lib/ui.js";
import { REASONS } from "./facts.js";
import { ErrorText } from "./failure.js";

const OUTCOMES = {
  running: ["Running", "running"],
  completed: ["Completed", "completed"],
  failed: ["Failed", "failed"],
  timed_out: ["Timed out", "failed"],
  rejected: ["Rejected", "failed"],
  worker_lost: ["Worker lost", "failed"],
  released: ["Released", "pending"],
  snoozed: ["Snoozed", "scheduled"],
  cancelled: ["Cancelled", "cancelled"],
};
const ms = (at) => new Date(at).getTime();

export function Timeline({ job }) {
  const steps = stepsOf(job, now.value);
  return html`
    <${Spans} steps=${steps} />
    <ol class="timeline">
      ${steps.map(
        (step) => html`<li key=${step.key} class=${step.tone}>
        <i class=${`dot ${step.tone}`}></i>
        <div class="step">
          <p class="step-head"><strong>${step.title}</strong>
            ${step.outcome && html`<${Badge} tone=${step.tone}>${step.outcome}</${Badge}>`}
            ${step.seconds !== undefined && html`<span class="number">${duration(step.seconds)}</span>`}
            <time datetime=${step.at} title=${dateTime(step.at)}>${time(step.at)}</time></p>
          ${step.note && html`<p class="quiet">${step.note}</p>`}
          ${step.error && html`<${ErrorText} error=${step.error} />`}
        </div>
      </li>`,
      )}
    </ol>`;
}

/** Waits and runs to scale. A very short one is drawn as a thin line. */
function Spans({ steps }) {
  const spans = steps.filter(({ seconds }) => seconds !== undefined);
  const total = spans.reduce((sum, { seconds }) => sum + seconds, 0);
  if (!total) return null;
  const sum = (kind) => spans.filter((one) => one.kind === kind).reduce((all, { seconds }) => all + seconds, 0);
  return html`<div class="spans">
    <div class="spans-bar" aria-hidden="true">
      ${spans.map(
        (span) => html`<i key=${span.key} class=${span.tone} title=${`${span.title}: ${duration(span.seconds)}`}
        style=${{ flexGrow: Math.max(span.seconds / total, 0.004) }}></i>`,
      )}
    </div>
    <p class="sub">Waited ${duration(sum("wait"))}, ran ${duration(sum("run"))}</p>
  </div>`;
}

/** [{key, kind: "wait" or "run" or "point", title, at, seconds, tone, outcome, note, error}], in order of time. */
function stepsOf(job, present) {
  const steps = [{ key: "made", kind: "point", title: "Submitted", at: job.createdAt, tone: "", note: asked(job) }];
  let from = job.createdAt;
  for (const attempt of job.attempts) {
    pushWait(steps, from, ms(attempt.startedAt), waitTitle(steps, attempt.number));
    steps.push(ofAttempt(job, attempt, present));
    from = attempt.endedAt ?? attempt.startedAt;
  }
  const runs = job.state === "running";
  if (!hasEnded(job) && !runs)
    pushWait(steps, from, present, job.state === "scheduled" ? "Scheduled" : "Waiting", job.state);
  if (hasEnded(job) && !(job.attempts.length && job.state === "completed")) steps.push(ending(job, from));
  return steps;
}

function asked(job) {
  const parts = [`priority ${job.priority}`, `up to ${job.maxAttempts} attempts`];
  if (job.key) parts.push(`key ${job.key}`);
  return parts.join(" · ");
}

const waitTitle = (steps, number) => (number > 1 || steps.length > 1 ? "Waited again" : "Waited");

function pushWait(steps, from, to, title, tone = "pending") {
  const seconds = Math.max(0, (to - ms(from)) / 1000);
  if (seconds > 0.0005 || tone === "scheduled")
    steps.push({ key: `wait-${steps.length}`, kind: "wait", title, at: from, seconds, tone });
}

function ofAttempt(job, attempt, present) {
  const [outcome, tone] = OUTCOMES[attempt.outcome] ?? [attempt.outcome, ""];
  const end = attempt.endedAt ? ms(attempt.endedAt) : present;
  return {
    key: `attempt-${attempt.startedAt}-${attempt.number}`,
    kind: "run",
    title: `Attempt ${attempt.number}`,
    at: attempt.startedAt,
    seconds: Math.max(0, (end - ms(attempt.startedAt)) / 1000),
    tone,
    outcome,
    note: html`on <span class="mono">${attempt.workerId}</span>`,
    // The page shows the traceback of the last attempt above.
    error: attempt.error && attempt.number === job.attempt ? { ...attempt.error, traceback: null } : attempt.error,
  };
}

function ending(job, from) {
  const titles = { completed: "Completed", failed: "In the dead letter queue", cancelled: "Cancelled" };
  return {
    key: "end",
    kind: "point",
    title: titles[job.state],
    at: job.finishedAt ?? from,
    tone: job.state,
    note: REASONS[job.reason] ? `Reason: ${REASONS[job.reason]}` : undefined,
  };
}
