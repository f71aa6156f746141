// What both pages of batches show of a batch.
import { at } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { Badge, Meter } from "./basics.js";

/** By state: its name, its tone and its meaning. */
const STATES = {
  open: ["Open", "accent", "It takes more jobs"],
  running: ["Running", "running", "It is sealed, and some of its jobs have not ended"],
  cancelling: ["Cancelling", "warn", "It was cancelled, and some of its jobs have not stopped yet"],
  completed: ["Completed", "completed", "All its jobs have completed"],
  failed: ["Failed", "failed", "All its jobs have ended, and some are dead letters"],
  cancelled: ["Cancelled", "cancelled", "All its jobs have ended, and some were cancelled"],
};

export function BatchBadge({ state }) {
  const [words, tone, meaning] = STATES[state];
  return html`<${Badge} tone=${tone} title=${meaning}>${words}</${Badge}>`;
}

/** A bar: how many of its jobs have ended. */
export const EndedBar = ({ batch: { total, unfinished, failed }, label }) =>
  html`<${Meter} value=${total - unfinished} max=${total} tone=${failed ? "bad" : "running"} label=${label} />`;

export const endedOf = ({ total, unfinished }) => `${count(total - unfinished)} / ${count(total)}`;

/** [name, link] of each callback whose job was made. */
export const callbacksOf = ({ thenJobId, onFailureJobId, finallyJobId }) =>
  [
    ["then", thenJobId],
    ["on failure", onFailureJobId],
    ["finally", finallyJobId],
  ]
    .filter(([, id]) => id)
    .map(([name, id]) => [name, at`/ui/jobs/${id}`]);
