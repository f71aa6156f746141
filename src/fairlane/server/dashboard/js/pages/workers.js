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
import { at, post } from "../lib/api.js";
import { apiUrl } from "../lib/base.js";
import { plural } from "../lib/format.js";
import { operates } from "../lib/session.js";
import { failure, overview } from "../lib/store.js";
import { html, useState } from "../lib/ui.js";

const SHOWN = 12; // current jobs of a worker

export default function Workers() {
  const workers = overview.value?.workers;
  const slots = (workers ?? []).reduce((sum, one) => sum + one.slots, 0);
  const running = (workers ?? []).reduce((sum, one) => sum + one.running, 0);
  return html`
    <${PageHead} title="Workers" sub=${workers?.length ? `${plural(workers.length, "worker")}, ${running} of ${plural(slots, "slot")} in use` : "The processes that run jobs"} />
    ${!workers && (failure.value ? html`<${Problem} error=${failure.value} />` : html`<${Skeleton} rows=${4} />`)}
    ${
      workers &&
      (workers.length
        ? html`<ul class="workers" aria-label="Workers">${workers.map((worker) => html`<${Worker} key=${worker.id} worker=${worker} />`)}</ul>`
        : html`<${Empty} icon="workers" title="No worker is connected" action=${html`<${Code} text=${`fairlane worker myapp:app --url ${apiUrl}`} />`}>
          No job starts without a worker. Start one on any machine that reaches the store or this API:</${Empty}>`)
    }
  `;
}

function Worker({ worker }) {
  const { id, queues, slots, running, host, pid, startedAt, heartbeatAt, draining, jobs = [] } = worker;
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
      ${heartbeatAt && html`<div><dt>Heartbeat</dt><dd><${TimeAgo} at=${heartbeatAt} /></dd></div>`}
    </dl>
    ${
      jobs.length > 0 &&
      html`<p class="worker-jobs"><span class="quiet">Running</span>
      ${jobs.slice(0, SHOWN).map((job) => html`<a key=${job} class="mono" href=${at`/ui/jobs/${job}`}>${job}</a>`)}
      ${running > SHOWN && html`<a href="/ui/jobs?state=running">and ${running - Math.min(SHOWN, jobs.length)} more</a>`}</p>`
    }
  </li>`;
}

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
