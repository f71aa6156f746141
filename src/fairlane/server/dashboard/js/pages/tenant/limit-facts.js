// A tenant's limits, for those who may not change them.
import { Card } from "../../components/basics.js";
import { count, duration, rate } from "../../lib/format.js";
import { html } from "../../lib/ui.js";

export function LimitFacts({ tenant }) {
  const { submitRate, concurrency, startRate, maxWaiting } = tenant;
  const jobs = (limit) => (limit === null ? "no limit" : `${count(limit)} jobs`);
  const kept = (seconds, most) => `${duration(seconds)}, up to ${count(most)} jobs`;
  const facts = [
    ["Submission rate", rate(submitRate)],
    ["Concurrency", jobs(concurrency)],
    ["Start rate", rate(startRate)],
    ["Scheduled and pending", jobs(maxWaiting)],
    ["Completed jobs kept", kept(tenant.keepCompletedSeconds, tenant.keepCompletedMax)],
    ["Failed jobs kept", kept(tenant.keepFailedSeconds, tenant.keepFailedMax)],
  ];
  return html`<${Card} title="Limits" sub="set by the operator" flush>
    <dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  </${Card}>`;
}
