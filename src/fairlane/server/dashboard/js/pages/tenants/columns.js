// The columns of a list of tenants.
import { Meter } from "../../components/basics.js";
import { Icon } from "../../components/icon.js";
import { LaneBadges, RunningBar, SubmissionBar } from "../../components/lane.js";
import { at } from "../../lib/api.js";
import { count, duration, percent } from "../../lib/format.js";
import { html } from "../../lib/ui.js";

const id = {
  name: "id",
  title: "Tenant",
  className: "lane-id",
  cell: (tenant) => html`<span class="lane-name"><a class="name" href=${at`/ui/tenants/${tenant.id}`}>${tenant.id}</a>
    ${tenant.customized && html`<span class="own" title="Limits set for this tenant, instead of the defaults"><${Icon} name="sliders" size=${14} /><span class="unseen">own limits</span></span>`}</span>
    <div class="phone-only"><${LaneBadges} tenant=${tenant} /></div>`,
};
const state = {
  name: "state",
  title: "State",
  className: "lane-state wide-only",
  cell: (tenant) => html`<${LaneBadges} tenant=${tenant} />`,
};
const number = (value) => html`<span class=${value ? "" : "quiet"}>${count(value)}</span>`;
const pending = { name: "pending", title: "Pending", numeric: true, cell: (tenant) => number(tenant.pending) };
const running = {
  name: "running",
  title: "Running",
  hint: "Running jobs, and the concurrency limit",
  cell: (tenant) => html`<${RunningBar} tenant=${tenant} />`,
};
const submissions = {
  name: "submitted",
  title: "Submissions",
  hint: "In the current window of the submission rate",
  className: "wide-only",
  cell: (tenant) => html`<${SubmissionBar} tenant=${tenant} />`,
};
const oldest = {
  name: "oldest",
  title: "Longest wait",
  hint: "How long the oldest pending job has waited",
  numeric: true,
  className: "wide-only",
  cell: (tenant) =>
    html`<span class=${tenant.oldestWaitSeconds === null ? "quiet" : ""}>${duration(tenant.oldestWaitSeconds)}</span>`,
};
const failed = {
  name: "failed",
  title: "Failures",
  hint: "Failed attempts, in total",
  numeric: true,
  className: "wide-only",
  cell: (tenant) => number(tenant.failed),
};
const share = (shares) => ({
  name: "share",
  title: "Share of starts",
  hint: "Of the starts in the last minute, among the tenants listed here. The mark is the share for its weight",
  className: "wide-only",
  cell: (tenant) => html`<${Share} tenant=${tenant} share=${shares.get(tenant.id)} />`,
});

export const columnsFor = (shares) => [id, state, pending, running, submissions, oldest, failed, share(shares)];

/** For a short list. */
export const SHORT_COLUMNS = [id, state, pending, running, oldest];

function Share({ tenant, share }) {
  if (!share) return html`<span class="quiet">–</span>`;
  return html`<span class="used"><${Meter} value=${share.share ?? 0} max=${1} mark=${share.fair} tone="accent" label=${`Share of starts of ${tenant.id}`} />
    <span class="number">${share.share === null ? "–" : percent(share.share)}</span></span>`;
}
