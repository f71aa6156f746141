// The columns of each tab.
import { Elapsed, Meter, STATE_NAMES, StateBadge, TimeAgo } from "../../components/basics.js";
import { NoWorker } from "../../components/no-worker.js";
import { at } from "../../lib/api.js";
import { ownTenant } from "../../lib/session.js";
import { html } from "../../lib/ui.js";
import { REASONS } from "../job/facts.js";

const job = {
  name: "job",
  title: "Job",
  className: "job-cell",
  cell: (row) => html`<a class="name" href=${at`/ui/jobs/${row.id}`}>${row.task}</a>
    <span class="job-id mono wide-only">${row.id}</span>
    <span class="job-id narrow-only"><i class=${`dot ${row.state}`}></i> ${row.gone ? "Deleted" : STATE_NAMES[row.state]} · ${row.tenantId}</span>`,
};
const state = {
  name: "state",
  title: "State",
  className: "wide-only state-cell",
  cell: (row) => (row.gone ? html`<span class="badge">Deleted</span>` : html`<${StateBadge} state=${row.state} />`),
};
const tenant = {
  name: "tenant",
  title: "Tenant",
  className: "wide-only name-cell",
  cell: (row) => html`<a class="cut" href=${at`/ui/tenants/${row.tenantId}`}>${row.tenantId}</a>`,
};
const queue = {
  name: "queue",
  title: "Queue",
  className: "wide-only name-cell",
  cell: (row) => html`${row.queue} ${row.state === "pending" && html`<${NoWorker} queue=${row.queue} />`}`,
};
const attempt = {
  name: "attempt",
  title: "Attempt",
  numeric: true,
  className: "wide-only number-cell",
  cell: (row) => `${row.attempt} / ${row.maxAttempts}`,
};
const submitted = {
  name: "submitted",
  title: "Submitted",
  numeric: true,
  className: "time-cell",
  cell: (row) => html`<${TimeAgo} at=${row.createdAt} />`,
};
const ended = (title) => ({
  name: "ended",
  title,
  numeric: true,
  className: "time-cell",
  cell: (row) => html`<${TimeAgo} at=${row.finishedAt} />`,
});
const took = {
  name: "took",
  title: "Took",
  hint: "From the start of its last attempt",
  numeric: true,
  className: "wide-only number-cell",
  cell: (row) => html`<${Elapsed} from=${row.startedAt} to=${row.finishedAt} />`,
};
const ran = { ...took, title: "Runs for", className: "time-cell" };
const priority = {
  name: "priority",
  title: "Priority",
  numeric: true,
  className: "wide-only number-cell",
  cell: (row) => row.priority,
};
const worker = {
  name: "worker",
  title: "Worker",
  className: "wide-only",
  cell: (row) => html`<span class="mono">${row.workerId}</span>`,
};
const progress = {
  name: "progress",
  title: "Progress",
  className: "wide-only",
  cell: ({ id, progress: reported }) =>
    reported &&
    (reported.total
      ? html`<span class="used" title=${reported.message}><${Meter} value=${reported.current} max=${reported.total} tone="running" label=${`Progress of ${id}`} /></span>`
      : reported.message),
};
const due = {
  name: "due",
  title: "Due",
  numeric: true,
  className: "time-cell",
  cell: (row) => html`<${TimeAgo} at=${row.runAt} />`,
};
const reason = {
  name: "reason",
  title: "Reason",
  className: "wide-only",
  cell: (row) => html`<span class="quiet">${REASONS[row.reason] ?? "submitted with a delay"}</span>`,
};
const error = {
  name: "error",
  title: "Error",
  className: "wide-only",
  cell: (row) =>
    row.error && html`<span title=${row.error.message}><b>${row.error.type}</b> ${row.error.message}</span>`,
};

const COLUMNS = {
  all: [job, state, tenant, queue, attempt, took, submitted],
  pending: [job, state, tenant, queue, priority, attempt, submitted],
  running: [job, state, tenant, queue, worker, progress, attempt, ran],
  scheduled: [job, state, tenant, queue, reason, attempt, due],
  completed: [job, state, tenant, queue, attempt, took, ended("Completed")],
  failed: [job, state, tenant, error, attempt, ended("Failed")],
  cancelled: [job, state, tenant, queue, reason, ended("Cancelled")],
};

/** The columns of a tab. A tenant's session sees one tenant and no workers. */
export const columnsOf = (state) =>
  ownTenant() === null ? COLUMNS[state] : COLUMNS[state].filter((column) => column !== tenant && column !== worker);
