// The lines that the task logged.
import { Badge, Card, Choice, Copy, Problem } from "../../components/basics.js";
import { at, get } from "../../lib/api.js";
import { dateTime, time } from "../../lib/format.js";
import { hasEnded } from "../../lib/job.js";
import { useResource } from "../../lib/resource.js";
import { html, useMemo, useState } from "../../lib/ui.js";

const LEVELS = { debug: "neutral", info: "accent", warning: "warn", error: "bad", critical: "bad" };
const RANK = ["debug", "info", "warning", "error", "critical"];

export function Logs({ job }) {
  const { data, error, reload } = useResource(
    (signal) => get(at`/jobs/${job.id}/logs`, { signal }),
    [job.id, job.state, job.attempt],
    { live: !hasEnded(job) },
  );
  const [least, setLeast] = useState("debug");
  const lines = useMemo(
    () => (data?.lines ?? []).filter(({ level }) => RANK.indexOf(level.toLowerCase()) >= RANK.indexOf(least)),
    [data, least],
  );
  if (error && !data)
    return error.status === 404
      ? null
      : html`<${Card} title="Logs"><${Problem} error=${error} retry=${reload} /></${Card}>`;
  if (!data) return null;
  const sub = data.truncated ? "Only the last lines are kept." : undefined;
  if (!data.lines.length) {
    return html`<${Card} title="Logs"><p class="quiet">${
      hasEnded(job) || job.state === "running"
        ? "No log lines. Lines that the task writes with Python's logging appear here."
        : "Log lines appear here when the job runs."
    }</p></${Card}>`;
  }
  const text = lines.map((line) => `${line.at} ${line.level} ${line.logger}: ${line.message}`).join("\n");
  return html`<${Card} title="Logs" sub=${sub} actions=${html`
      <${Choice} label="Level" value=${least} options=${[["debug", "All"], ["warning", "Warnings"], ["error", "Errors"]]} onChange=${setLeast} />
      <${Copy} text=${text} label="Copy the logs" />`}>
    <ol class="logs" tabindex="0" aria-label="Log lines">
      ${lines.map(
        (line, i) => html`<li key=${i} class=${line.level.toLowerCase()}>
        <time datetime=${line.at} title=${dateTime(line.at)}>${time(line.at)}</time>
        <${Badge} tone=${LEVELS[line.level.toLowerCase()]} title=${line.logger}>${line.level.toLowerCase()}</${Badge}>
        <span class="log-text">${line.message}</span>
        ${job.attempt > 1 && html`<span class="quiet">attempt ${line.attempt}</span>`}
      </li>`,
      )}
    </ol>
  </${Card}>`;
}
