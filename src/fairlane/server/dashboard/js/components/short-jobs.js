// A short list of jobs, for the page of what they belong to.
import { at } from "../lib/api.js";
import { html } from "../lib/ui.js";
import { StateBadge, TimeAgo } from "./basics.js";
import { Table } from "./table.js";

const COLUMNS = [
  {
    name: "id",
    title: "Job",
    cell: (job) => html`<a class="mono" href=${at`/ui/jobs/${job.id}`} title=${job.id}>…${job.id.slice(-8)}</a>`,
  },
  { name: "task", title: "Task", className: "clip", cell: (job) => job.task },
  { name: "state", title: "State", cell: (job) => html`<${StateBadge} state=${job.state} />` },
  {
    name: "created",
    title: "Submitted",
    numeric: true,
    className: "wide-only",
    cell: (job) => html`<${TimeAgo} at=${job.createdAt} />`,
  },
];

export const ShortJobs = ({ jobs }) =>
  html`<${Table} label="Jobs" columns=${COLUMNS} rows=${jobs} rowKey=${(job) => job.id} />`;
