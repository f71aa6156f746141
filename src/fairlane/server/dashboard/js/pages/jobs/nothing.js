// An empty listing: why it is empty, and how to fill it.

import { Button, ButtonLink, Code, Empty } from "../../components/basics.js";
import { apiUrl } from "../../lib/base.js";
import { dateTime } from "../../lib/format.js";
import { changesWork, ownTenant } from "../../lib/session.js";
import { html } from "../../lib/ui.js";
import { changeFilter, chipsOf } from "./filter.js";

const WORDS = {
  all: ["No jobs yet", "Submit one with the form, or paste this into a terminal:"],
  pending: ["No pending jobs", "A job waits here until a worker is free and its tenant's limits allow it."],
  running: ["No running jobs", "Jobs are here while a worker runs them."],
  scheduled: [
    "No scheduled jobs",
    "Jobs with a delay wait here until they are due, and failed jobs until their next attempt. Try one:",
  ],
  completed: ["No completed jobs", "Completed jobs stay here for an hour by default."],
  failed: ["No dead letters", "Jobs without attempts left stay here until someone retries or deletes them."],
  cancelled: ["No cancelled jobs", "Cancelled jobs stay here for an hour by default."],
};
const COMMANDS = {
  all: "--task demo.sleep '{\"seconds\": 3}'",
  scheduled: "--delay 10m '{}'",
};

export function Nothing({ filter, more, search }) {
  const chips = chipsOf(filter, dateTime);
  if (more) {
    return html`<${Empty} icon="search" title="No match so far" action=${html`<${Button} icon="search" onClick=${search}>Search further</${Button}>`}>
      The search has not reached all jobs. None of the jobs read so far matches.</${Empty}>`;
  }
  if (chips.length) {
    const clear = () => changeFilter(Object.assign({}, ...chips.map(([changes]) => changes)));
    return html`<${Empty} icon="search" title="No job matches" action=${html`<${Button} onClick=${clear}>Clear the filters</${Button}>`}>
      ${chips.map(([, words]) => words).join(", ")}.</${Empty}>`;
  }
  const [title, words] = WORDS[filter.state];
  const command = COMMANDS[filter.state];
  return html`<${Empty} icon=${filter.state === "failed" ? "check" : "jobs"} title=${title} action=${html`
    ${command && html`<${Code} text=${`fairlane submit --url ${apiUrl} --tenant ${ownTenant() ?? "acme"} ${command}`} />`}
    ${changesWork() && html`<p class="actions"><${ButtonLink} icon="plus" href="/ui/submit">Submit a job</${ButtonLink}></p>`}`}>${words}</${Empty}>`;
}
