// Every queue: what waits in it, its limits, and pausing it.

import { Badge, Button, Card, Code, Empty, PageHead, Problem, Skeleton } from "../components/basics.js";
import { toast, toastError } from "../components/floating.js";
import { NoWorker } from "../components/no-worker.js";
import { Table } from "../components/table.js";
import { at, post } from "../lib/api.js";
import { apiUrl } from "../lib/base.js";
import { count, rate } from "../lib/format.js";
import { operates } from "../lib/session.js";
import { failure, overview } from "../lib/store.js";
import { html, useState } from "../lib/ui.js";
import { serving } from "../lib/workers.js";
import { LimitsDialog } from "./queues/limits-dialog.js";

export default function Queues() {
  const queues = overview.value?.queues;
  const [changed, setChanged] = useState({}); // by name: the answer to a change, until the next overview has it
  const [limited, setLimited] = useState(null); // the queue whose limits are being changed
  const put = (queue) => setChanged((old) => ({ ...old, [queue.name]: { queue, since: overview.peek() } }));
  const rows = (queues ?? []).map((queue) => {
    const own = changed[queue.name];
    return own && own.since === overview.value ? own.queue : queue;
  });
  return html`
    <${PageHead} title="Queues" sub="Workers choose which queues they serve. Each tenant has a lane in each queue." />
    ${!queues && (failure.value ? html`<${Problem} error=${failure.value} />` : html`<${Skeleton} rows=${4} />`)}
    ${
      queues &&
      (rows.length
        ? html`<${Card} flush><${Table} label="Queues" columns=${columns(put, setLimited)} rows=${rows} rowKey=${(queue) => queue.name} /></${Card}>`
        : html`<${Empty} icon="queues" title="No queues yet" action=${html`<${Code} text=${`fairlane submit --url ${apiUrl} --tenant acme --queue reports '{}'`} />`}>
          A queue appears here with its first job.</${Empty}>`)
    }
    ${limited && html`<${LimitsDialog} queue=${limited} onChanged=${put} onClose=${() => setLimited(null)} />`}
  `;
}

const LIMITS = { queue_concurrency: "At its limit", queue_start_rate: "At start rate" };

function State({ queue: { paused, limitReached } }) {
  if (paused) return html`<${Badge} tone="warn">Paused</${Badge}>`;
  if (limitReached) return html`<${Badge} tone="scheduled">${LIMITS[limitReached]}</${Badge}>`;
  return html`<${Badge} tone="good">Open</${Badge}>`;
}

function limitsInWords({ concurrency, startRate }) {
  const words = [concurrency !== null && `${count(concurrency)} at once`, startRate && rate(startRate)];
  return words.filter(Boolean).join(", ") || "none";
}

const columns = (put, setLimited) => [
  {
    name: "name",
    title: "Queue",
    className: "queue-cell",
    cell: ({ name }) => html`<span class="name">${name}</span>`,
  },
  {
    name: "state",
    title: "State",
    cell: (queue) => html`<${State} queue=${queue} /> <${NoWorker} queue=${queue.name} />`,
  },
  {
    name: "pending",
    title: "Pending",
    numeric: true,
    cell: ({ name, pending }) =>
      html`<a href=${`/ui/jobs?${new URLSearchParams({ state: "pending", queue: name })}`}>${count(pending)}</a>`,
  },
  {
    name: "running",
    title: "Running",
    hint: "Only counted where the queue has limits",
    numeric: true,
    className: "wide-only",
    cell: ({ running }) => (running === null ? "" : count(running)),
  },
  {
    name: "limits",
    title: "Limits",
    hint: "Over all tenants together",
    className: "wide-only",
    cell: limitsInWords,
  },
  {
    name: "runnable",
    title: "Tenants ready",
    hint: "Tenants with a job here that could start now",
    numeric: true,
    className: "wide-only",
    cell: ({ runnableTenants }) => count(runnableTenants),
  },
  {
    name: "workers",
    title: "Workers",
    hint: "Workers that serve this queue",
    numeric: true,
    className: "wide-only",
    cell: ({ name }) => count(serving(name).length),
  },
  {
    name: "actions",
    title: html`<span class="unseen">Actions</span>`,
    numeric: true,
    cell: (queue) =>
      operates() &&
      html`<span class="actions">
        <${Button} small aria-label=${`Limits of queue ${queue.name}`} onClick=${() => setLimited(queue)}>Limits</${Button}>
        <${PauseButton} queue=${queue} put=${put} />
      </span>`,
  },
];

function PauseButton({ queue: { name, paused }, put }) {
  const [busy, setBusy] = useState(false);
  const act = async () => {
    setBusy(true);
    try {
      put(await post(at`/queues/${name}/${paused ? "resume" : "pause"}`));
      toast(paused ? `Queue ${name} resumed` : `Queue ${name} paused. Running jobs continue; no new ones start.`);
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return html`<${Button} small icon=${paused ? "play" : "pause"} busy=${busy} aria-label=${`${paused ? "Resume" : "Pause"} queue ${name}`} onClick=${act}>
    ${paused ? "Resume" : "Pause"}</${Button}>`;
}
