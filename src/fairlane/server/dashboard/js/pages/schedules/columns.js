// The columns of the list of schedules.
import { Badge, StateBadge, TimeAgo } from "../../components/basics.js";
import { at } from "../../lib/api.js";
import { changesWork, ownTenant } from "../../lib/session.js";
import { html } from "../../lib/ui.js";
import { RowActions } from "./actions.js";

/** The columns for this session. */
export const columnsFor = (given) =>
  allColumns(given).filter(
    ({ name }) => (name !== "tenant" || ownTenant() === null) && (name !== "actions" || changesWork()),
  );

const allColumns = ({ open, reload }) => [
  {
    name: "name",
    title: "Schedule",
    cell: (
      schedule,
    ) => html`<span class="lane-name"><button type="button" class="name link" onClick=${() => open(schedule)}>${schedule.name}</button>
      <${Badges} schedule=${schedule} /></span>`,
  },
  {
    name: "tenant",
    title: "Tenant",
    className: "wide-only clip",
    cell: ({ tenantId }) => html`<a href=${at`/ui/tenants/${tenantId}`}>${tenantId}</a>`,
  },
  {
    name: "when",
    title: "When",
    className: "wide-only when-cell",
    cell: ({ description, cron, timezone }) => html`<span title=${`${cron} · ${timezone}`}>${description}</span>`,
  },
  { name: "task", title: "Task", className: "wide-only clip", cell: ({ task }) => task },
  {
    name: "last",
    title: "Last run",
    numeric: true,
    className: "wide-only",
    cell: ({ lastRun, lastJobId }) =>
      lastJobId
        ? html`<a href=${at`/ui/jobs/${lastJobId}`}><${TimeAgo} at=${lastRun} /></a>`
        : html`<${TimeAgo} at=${lastRun} />`,
  },
  {
    name: "outcome",
    title: "Last outcome",
    cell: ({ lastState }) => lastState && html`<${StateBadge} state=${lastState} />`,
  },
  {
    name: "next",
    title: "Next run",
    numeric: true,
    cell: ({ nextRuns }) => html`<${TimeAgo} at=${nextRuns[0]} />`,
  },
  {
    name: "actions",
    title: html`<span class="unseen">Actions</span>`,
    numeric: true,
    cell: (schedule) => html`<${RowActions} schedule=${schedule} reload=${reload} />`,
  },
];

/** Paused, and set by the code of an app. The store does not know whether the code still has the schedule. */
export const Badges = ({ schedule: { paused, declared } }) => html`
  ${paused && html`<${Badge} tone="warn">Paused</${Badge}>`}
  ${declared && html`<${Badge} title="Set by the code of an app. It stays when the code drops it: delete it here then">From code</${Badge}>`}
`;
