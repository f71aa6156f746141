// The state of all tenants together, now and in the last hours.

import { ButtonLink, Card, Choice, Code, Figure, PageHead, Problem, Skeleton } from "../components/basics.js";
import { Chart, Legend } from "../components/chart.js";
import { get } from "../lib/api.js";
import { apiUrl } from "../lib/base.js";
import { count, duration, plural, shortCount, shortDuration, time } from "../lib/format.js";
import { chartsOf } from "../lib/history.js";
import * as check from "../lib/parameters.js";
import { useResource } from "../lib/resource.js";
import { query, setQuery } from "../lib/router.js";
import { overview } from "../lib/store.js";
import { html } from "../lib/ui.js";
import { Queues, Tenants, Workers } from "./overview/tables.js";

const TIME_STEPS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200,
  86_400, 604_800,
];
const SPANS = [
  ["15", "15 min"],
  ["60", "1 h"],
  ["360", "6 h"],
  ["1440", "24 h"],
];

export const PARAMETERS = { minutes: check.oneOf(...SPANS.map(([minutes]) => minutes)) };

export default function Overview() {
  const seen = overview.value;
  const span = query.value.get("minutes") ?? "60";
  if (!seen) return html`<${PageHead} title="Overview" /><${Skeleton} rows=${8} />`;
  const fresh = seen.counters.submitted === 0;
  return html`
    <${PageHead} title="Overview" sub=${`As of ${time(seen.at)}`}>
      ${!fresh && html`<${Choice} label="Time that the charts show" value=${span} options=${SPANS} onChange=${(minutes) => setQuery({ minutes: minutes === "60" ? null : minutes })} />`}
    </${PageHead}>
    ${fresh && html`<${Welcome} />`}
    <${Figures} ...${seen} />
    ${!fresh && html`<${Tenants} />`}
    ${!fresh && html`<${History} minutes=${span} />`}
    <div class="halves">
      <${Queues} queues=${seen.queues} />
      <${Workers} workers=${seen.workers} />
    </div>
  `;
}

function Welcome() {
  const example = `curl -s ${apiUrl}/jobs -H 'content-type: application/json' \\
  -d '{"tenantId": "acme", "task": "demo.sleep", "payload": {"seconds": 3}}'`;
  return html`<section class="card welcome">
    <h2>Submit the first job</h2>
    <p>fairlane is ready. Paste this into a terminal and watch the job run here:</p>
    <${Code} text=${example} />
    <p class="actions">
      <${ButtonLink} icon="plus" tone="primary" href="/ui/submit">Use the form</${ButtonLink}>
      <${ButtonLink} icon="book" href="/docs">Read the API</${ButtonLink}>
    </p>
  </section>`;
}

function Figures({ states, counters, workers }) {
  const slots = workers.reduce((sum, one) => sum + one.slots, 0);
  return html`<dl class="figures all-figures">
    <${Figure} state="pending" href="/ui/jobs?state=pending" name="Pending" value=${count(states.pending)} note="waiting to start" />
    <${Figure} state="running" href="/ui/jobs?state=running" name="Running" value=${count(states.running)} note=${`of ${plural(slots, "slot")}`} />
    <${Figure} state="scheduled" href="/ui/jobs?state=scheduled" name="Scheduled" value=${count(states.scheduled)} note="delayed or retrying" />
    <${Figure} state="completed" href="/ui/jobs?state=completed" name="Completed" value=${count(counters.completed)} note="in total" />
    <${Figure} state="failed" href="/ui/jobs?state=failed" name="Dead letters" value=${count(states.failed)} note="failed for good" />
    <${Figure} state="cancelled" href="/ui/jobs?state=cancelled" name="Cancelled" value=${count(states.cancelled)} note="in the store" />
  </dl>`;
}

function History({ minutes }) {
  const { data, error, reload } = useResource(
    async (signal) => chartsOf(await get("/history", { signal, query: { minutes } })),
    [minutes],
    { pace: 5000 },
  );
  if (error && !data) return html`<${Problem} error=${error} retry=${reload} />`;
  const perUnit = (value) => shortCount(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
  return html`<div class="halves">
    <${Plot} title="Throughput" sub=${data && `jobs ${data.jobsUnit}`} data=${data} format=${perUnit} lines=${[
      ["Completed", "completed", "--completed", true],
      ["Submitted", "submitted", "--accent"],
    ]} />
    <${Plot} title="Wait and run time" sub="mean over all tenants" data=${data} format=${duration} axis=${shortDuration} ticks=${TIME_STEPS} lines=${[
      ["Wait", "wait", "--pending", true],
      ["Run", "run", "--running"],
    ]} />
    <${Plot} title="Queue depth" sub="jobs" data=${data} format=${shortCount} lines=${[
      ["Pending", "pending", "--pending", true],
      ["Running", "running", "--running"],
      ["Scheduled", "scheduled", "--scheduled"],
    ]} />
    <${Plot} title="Failures" sub=${data && `attempts ${data.attemptsUnit}`} data=${data} format=${perUnit} lines=${[
      ["Failed", "failed", "--failed", true],
      ["Retried", "retried", "--scheduled"],
    ]} />
  </div>`;
}

function Plot({ title, sub, data, format, axis, ticks, lines }) {
  const series = lines.map(([name, of, token, fill]) => ({ name, token, fill, values: data?.[of] ?? [] }));
  const last = series
    .map(({ name, values }) => `${name} ${format(values.findLast((value) => value !== null) ?? 0)}`)
    .join(", ");
  return html`<${Card} title=${title} sub=${sub} actions=${html`<${Legend} series=${series} />`}>
    ${!data && html`<div class="chart-room"></div>`}
    ${data && data.times.length < 2 && html`<p class="chart-room">The store keeps figures every 10 seconds. The first ones come soon.</p>`}
    ${data && data.times.length > 1 && html`<${Chart} label=${`${title}: ${last}`} times=${data.times} series=${series} format=${format} axis=${axis} ticks=${ticks} />`}
  </${Card}>`;
}
