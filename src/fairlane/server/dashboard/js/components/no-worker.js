// Says that no worker serves a queue. Every place that shows a queue uses it.
import { html } from "../lib/ui.js";
import { unserved } from "../lib/workers.js";
import { Badge } from "./basics.js";

/** A badge if no worker takes new jobs of the queue. */
export const NoWorker = ({ queue }) =>
  unserved(queue) &&
  html`<${Badge} tone="bad" title=${`No worker serves the queue ${queue}: its jobs wait`}>No worker</${Badge}>`;
