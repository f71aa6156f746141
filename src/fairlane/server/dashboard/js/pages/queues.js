// Every queue: what waits in it, and pausing it.

import { Badge, Button, Card, Code, Empty, PageHead, Problem, Skeleton } from "../components/basics.js";
import { toast, toastError } from "../components/floating.js";
import { NoWorker } from "../components/no-worker.js";
import { Table } from "../components/table.js";
import { at, post } from "../lib/api.js";
import { apiUrl } from "../lib/base.js";
import { count } from "../lib/format.js";
import { operates } from "../lib/session.js";
import { failure, overview } from "../lib/store.js";
import { html, useState } from "../lib/ui.js";
import { serving } from "../lib/workers.js";

export default function Queues() {
  const queues = overview.value?.queues;
  const [changed, setChanged] = useState({}); // by name: the answer to a pause or resume, until the next overview has it
  const put = (queue) =>
    setChanged((old) => ({ ...old, [queue.name]: { paused: queue.paused, since: overview.peek() } }));
  const rows = (queues ?? []).map((queue) => {
    const own = changed[queue.name];
    return own && own.since === overview.value ? { ...queue, paused: own.paused } : queue;
  });
  return html`
    <${PageHead} title="Queues" sub="Workers choose which queues they serve. Each tenant has a lane in each queue." />
    ${!queues && (failure.value ? html`<${Problem} error=${failure.value} />` : html`<${Skeleton} rows=${4} />`)}
    ${
      queues &&
      (rows.length
        ? html`<${Card} flush><${Table} label="Queues" columns=${columns(put)} rows=${rows} rowKey=${(queue) => queue.name} /></${Card}>`
        : html`<${Empty} icon="queues" title="No queues yet" action=${html`<${Code} text=${`fairlane submit --url ${apiUrl} --tenant acme --queue reports '{}'`} />`}>
          A queue appears here with its first job.</${Empty}>`)
    }
  `;
}

const columns = (put) => [
  {
    name: "name",
    title: "Queue",
    className: "queue-cell",
    cell: ({ name }) => html`<span class="name">${name}</span>`,
  },
  {
    name: "state",
    title: "State",
    cell: ({ name, paused }) =>
      html`${paused ? html`<${Badge} tone="warn">Paused</${Badge}>` : html`<${Badge} tone="good">Open</${Badge}>`} <${NoWorker} queue=${name} />`,
  },
  {
    name: "pending",
    title: "Pending",
    numeric: true,
    cell: ({ name, pending }) =>
      html`<a href=${`/ui/jobs?${new URLSearchParams({ state: "pending", queue: name })}`}>${count(pending)}</a>`,
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
    cell: (queue) => html`<${PauseButton} queue=${queue} put=${put} />`,
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
  if (!operates()) return null;
  return html`<${Button} small icon=${paused ? "play" : "pause"} busy=${busy} aria-label=${`${paused ? "Resume" : "Pause"} queue ${name}`} onClick=${act}>
    ${paused ? "Resume" : "Pause"}</${Button}>`;
}
