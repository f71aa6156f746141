// The workers: their slots and jobs, and draining one.

import {
  Badge,
  Button,
  Code,
  Elapsed,
  Empty,
  Meter,
  PageHead,
  Problem,
  Skeleton,
  TimeAgo,
} from "../components/basics.js";
import { confirm, toast, toastError } from "../components/floating.js";
import { at, get, post } from "../lib/api.js";
import { apiUrl } from "../lib/base.js";
import { megabytes, plural } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { operates } from "../lib/session.js";
import { failure, overview } from "../lib/store.js";
import { html, useState } from "../lib/ui.js";

const SHOWN = 12; // current jobs of a worker
const PAGES = 3; // of running jobs that are read
const PACE_MS = 3000;

/** The running jobs by id: their tasks, tenants and starts. Of very many jobs, the first by tenant. */
async function runningJobs(signal) {
  const found = new Map();
  let cursor;
  for (let page = 0; page < PAGES && cursor !== null; page += 1) {
    const { jobs, nextCursor } = await get("/jobs", { signal, query: { state: "running", limit: 100, cursor } });
    for (const job of jobs) found.set(job.id, job);
    cursor = nextCursor;
  }
  return found;
}

export default function Workers() {
  const workers = overview.value?.workers;
  const slots = (workers ?? []).reduce((sum, one) => sum + one.slots, 0);
  const running = (workers ?? []).reduce((sum, one) => sum + one.running, 0);
  const { data: known } = useResource(runningJobs, [], { pace: PACE_MS });
  return html`
    <${PageHead} title="Workers" sub=${workers?.length ? `${plural(workers.length, "worker")}, ${running} of ${plural(slots, "slot")} in use` : "The processes that run jobs"} />
    ${!workers && (failure.value ? html`<${Problem} error=${failure.value} />` : html`<${Skeleton} rows=${4} />`)}
    ${
      workers &&
      (workers.length
        ? html`<ul class="workers" aria-label="Workers">${workers.map((worker) => html`<${Worker} key=${worker.id} worker=${worker} known=${known} />`)}</ul>`
        : html`<${Empty} icon="workers" title="No worker is connected" action=${html`<${Code} text=${`fairlane worker myapp:app --url ${apiUrl}`} />`}>
          No job starts without a worker. Start one on any machine that reaches the store or this API:</${Empty}>`)
    }
  `;
}

function Worker({ worker, known }) {
  const { id, queues, slots, running, host, pid, startedAt, heartbeatAt, draining, version, memoryBytes, jobs } =
    worker;
  return html`<li class="card worker" aria-label=${id}>
    <header class="worker-head">
      <h2 class="name">${id}</h2>
      ${draining && html`<${Badge} tone="warn">Draining</${Badge}>`}
      <${DrainButton} worker=${worker} />
    </header>
    <div class="worker-slots">
      <${Meter} value=${running} max=${slots} tone="running" label=${`Slots in use by ${id}`} />
      <span class="number">${running} of ${plural(slots, "slot")}</span>
    </div>
    <dl class="worker-facts">
      <div><dt>Queues</dt><dd>${queues.length ? queues.join(", ") : "all"}</dd></div>
      <div><dt>Process</dt><dd>${host || "–"}${pid ? ` · ${pid}` : ""}</dd></div>
      <div><dt>Uptime</dt><dd><${Elapsed} from=${startedAt} /></dd></div>
      ${memoryBytes > 0 && html`<div><dt>Memory</dt><dd>${megabytes(memoryBytes)} MB</dd></div>`}
      ${version && html`<div><dt>Version</dt><dd>${version}</dd></div>`}
      ${heartbeatAt && html`<div><dt>Heartbeat</dt><dd><${TimeAgo} at=${heartbeatAt} /></dd></div>`}
    </dl>
    ${
      jobs.length > 0 &&
      html`<ul class="worker-jobs" aria-label=${`Jobs that ${id} runs`}>
      ${jobs.slice(0, SHOWN).map((job) => html`<li key=${job}><${Running} id=${job} job=${known?.get(job)} /></li>`)}
      ${running > SHOWN && html`<li><a href="/ui/jobs?state=running">and ${running - Math.min(SHOWN, jobs.length)} more</a></li>`}</ul>`
    }
  </li>`;
}

/** One running job. `job` is undefined until it is read, and for a job that has just ended. */
const Running = ({ id, job }) =>
  job
    ? html`<a class="name" href=${at`/ui/jobs/${id}`}>${job.task}</a> <span class="quiet">for</span>
      <a href=${at`/ui/tenants/${job.tenantId}`}>${job.tenantId}</a> <span class="quiet"><${Elapsed} from=${job.startedAt} /></span>`
    : html`<a class="mono" href=${at`/ui/jobs/${id}`}>${id}</a>`;

function DrainButton({ worker: { id, draining } }) {
  const [busy, setBusy] = useState(false);
  if (draining || !operates()) return null;
  const drain = async () => {
    const text = `${id} takes no new jobs, finishes its running jobs, and then stops. Its supervisor may start it again.`;
    if (!(await confirm({ title: "Drain this worker?", text, action: "Drain", danger: true }))) return;
    setBusy(true);
    try {
      await post(at`/workers/${id}/drain`);
      toast(`${id} was asked to drain`);
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return html`<${Button} small busy=${busy} aria-label=${`Drain worker ${id}`} onClick=${drain}>Drain</${Button}>`;
}
