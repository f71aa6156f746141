// Why a job does not run yet: the constraint, its place, and when the constraint ends.
import { Problem } from "../../components/basics.js";
import { Icon } from "../../components/icon.js";
import { at, get } from "../../lib/api.js";
import { count, duration, time } from "../../lib/format.js";
import { useResource } from "../../lib/resource.js";
import { now } from "../../lib/store.js";
import { html } from "../../lib/ui.js";

const HEADINGS = {
  turn: "Waiting for its turn",
  concurrency: "Tenant at its concurrency limit",
  start_rate: "Tenant at its start rate",
  queue_concurrency: "Queue at its concurrency limit",
  queue_start_rate: "Queue at its start rate",
  paused: "Paused",
  schedule: "Scheduled for later",
  needs: "Waiting for other jobs",
  backoff: "Waiting for the next attempt",
  no_worker: "No worker serves its queue",
  no_fitting_worker: "No worker can run it",
  stalled_workers: "All worker slots await other jobs",
};
const WHERE = {
  concurrency: ({ tenantId }) => [at`/ui/tenants/${tenantId}`, "Tenant limits"],
  start_rate: ({ tenantId }) => [at`/ui/tenants/${tenantId}`, "Tenant limits"],
  queue_concurrency: () => ["/ui/queues", "Limits of the queue"],
  queue_start_rate: () => ["/ui/queues", "Limits of the queue"],
  no_worker: () => ["/ui/workers", "Workers"],
  no_fitting_worker: () => ["/ui/workers", "Workers"],
  stalled_workers: () => ["/ui/workers", "Workers"],
};

export function WhyWaiting({ job }) {
  const {
    data: why,
    error,
    reload,
  } = useResource(
    (signal) => get(at`/jobs/${job.id}/explain`, { signal }),
    [job.id, job.state, job.attempt, job.runAt],
  );
  if (error && !why) return error.status === 404 ? null : html`<${Problem} error=${error} retry=${reload} />`;
  if (!why?.waitingFor) return null;
  const [href, words] = WHERE[why.waitingFor]?.(job) ?? [];
  return html`<section class="card why" aria-labelledby="why-title" data-waiting-for=${why.waitingFor}>
    <${Icon} name="schedules" size=${18} />
    <div>
      <p class="sub" id="why-title">Why is it waiting?</p>
      <h2>${HEADINGS[why.waitingFor]}</h2>
      <p>${why.sentence} ${href && html`<a href=${href}>${words}</a>`}</p>
    </div>
    <dl class="why-figures">
      ${why.position && html`<div><dt>Position in lane</dt><dd>${count(why.position)}</dd></div>`}
      ${why.blockedUntil && html`<div><dt>Continues in</dt><dd><${Countdown} until=${why.blockedUntil} /></dd></div>`}
    </dl>
  </section>`;
}

function Countdown({ until }) {
  const left = (new Date(until).getTime() - now.value) / 1000;
  return html`<time datetime=${until} title=${time(until)} role="timer">${left > 0 ? duration(Math.ceil(left)) : "now"}</time>`;
}
