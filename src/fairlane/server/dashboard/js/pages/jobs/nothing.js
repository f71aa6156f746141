// What an empty listing says: why it is empty, and how to fill it.
import { Button, ButtonLink, Code, Empty } from "../../components/basics.js";
import { dateTime } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { changeFilter, chipsOf } from "./filter.js";

const WORDS = {
  all: ["No jobs yet", "Submit one with the form, or paste this into a terminal:"],
  pending: ["Nothing waits", "A job waits here until a worker is free and its tenant's limits allow it."],
  running: ["Nothing runs", "Jobs are here while a worker has them."],
  scheduled: [
    "Nothing is scheduled",
    "Jobs submitted with a delay are here until they are due, and those that failed until they are tried again. Try one:",
  ],
  completed: ["Nothing has completed lately", "Completed jobs stay here for an hour, unless it is set otherwise."],
  failed: [
    "No dead letters",
    "Jobs whose attempts are used up lie here until they are retried or deleted. All is well.",
  ],
  cancelled: ["Nothing was cancelled", "Cancelled jobs stay here for a while."],
};
const COMMANDS = {
  all: "--task demo.sleep '{\"seconds\": 3}'",
  scheduled: "--delay 10m '{}'",
};

export function Nothing({ filter, more, search }) {
  const chips = chipsOf(filter, dateTime);
  if (more) {
    return html`<${Empty} icon="search" title="Nothing found so far" action=${html`<${Button} icon="search" onClick=${search}>Look further</${Button}>`}>
      There are very many jobs, and none of those looked at matches.</${Empty}>`;
  }
  if (chips.length) {
    const clear = () => changeFilter(Object.assign({}, ...chips.map(([changes]) => changes)));
    return html`<${Empty} icon="search" title="No job matches" action=${html`<${Button} onClick=${clear}>Clear the filters</${Button}>`}>
      ${chips.map(([, words]) => words).join(", ")}.</${Empty}>`;
  }
  const [title, words] = WORDS[filter.state];
  const command = COMMANDS[filter.state];
  return html`<${Empty} icon=${filter.state === "failed" ? "check" : "jobs"} title=${title} action=${html`
    ${command && html`<${Code} text=${`fairlane submit --url ${location.origin} --tenant acme ${command}`} />`}
    <p class="actions"><${ButtonLink} icon="plus" href="/ui/submit">Submit a job</${ButtonLink}></p>`}>${words}</${Empty}>`;
}
