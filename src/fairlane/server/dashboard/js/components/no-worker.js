// Says that no worker serves a queue, wherever a queue with waiting jobs is shown.
import { html } from "../lib/ui.js";
import { unserved } from "../lib/workers.js";
import { Badge } from "./basics.js";

/** A badge, unless a worker takes new jobs of the queue. */
export const NoWorker = ({ queue }) =>
  unserved(queue) &&
  html`<${Badge} tone="bad" title=${`No worker serves the queue ${queue}: its jobs wait`}>No worker</${Badge}>`;
