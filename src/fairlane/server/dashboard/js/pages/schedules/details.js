// The dialog with all facts of one schedule.
import { StateBadge, TimeAgo } from "../../components/basics.js";
import { Dialog } from "../../components/floating.js";
import { at } from "../../lib/api.js";
import { count, dateTime } from "../../lib/format.js";
import { html } from "../../lib/ui.js";
import { DetailActions } from "./actions.js";
import { Badges } from "./columns.js";

export function Details({ schedule, reload, onClose }) {
  const { name, tenantId, cron, timezone, description, task, queue, paused, nextRuns, lastRun, lastJobId, lastState } =
    schedule;
  const facts = [
    ["Tenant", html`<a href=${at`/ui/tenants/${tenantId}`}>${tenantId}</a>`],
    ["When", description],
    ["Cron rule", html`<span class="mono">${cron}</span>`],
    ["Time zone", timezone],
    ["Task", task],
    ["Queue", queue],
    [
      "Last run",
      lastRun ? html`${dateTime(lastRun)} <span class="quiet"><${TimeAgo} at=${lastRun} /></span>` : "None yet",
    ],
    lastJobId && [
      "Last job",
      html`<a class="mono" href=${at`/ui/jobs/${lastJobId}`}>${lastJobId}</a> ${lastState && html`<${StateBadge} state=${lastState} />`}`,
    ],
    ["Missed runs", count(schedule.missedCount)],
    [
      "Skipped runs",
      html`<span title="Skipped because the run before had not ended">${count(schedule.skippedCount)}</span>`,
    ],
  ].filter(Boolean);
  return html`<${Dialog} title=${name} onClose=${onClose} actions=${html`<${DetailActions} schedule=${schedule} reload=${reload} />`}>
    <p><${Badges} schedule=${schedule} /></p>
    <dl class="facts">${facts.map(([term, value]) => html`<div key=${term}><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
    <h3>Next runs, in your time zone</h3>
    ${
      paused
        ? html`<p class="quiet">None while it is paused.</p>`
        : html`<ol class="next-runs" aria-label="Next runs">${nextRuns.map((run) => html`<li key=${run}>${dateTime(run)} <span class="quiet"><${TimeAgo} at=${run} /></span></li>`)}</ol>`
    }
  </${Dialog}>`;
}
