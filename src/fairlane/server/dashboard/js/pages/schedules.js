// Cron rules: what runs when, in plain words, and what may be done about it.
import { Badge, Button, Code, Empty, PageHead, Problem, Skeleton, TimeAgo } from "../components/basics.js";
import { confirm, Menu, toast, toastError } from "../components/floating.js";
import { Icon } from "../components/icon.js";
import { at, del, get, post } from "../lib/api.js";
import { dateTime, plural } from "../lib/format.js";
import * as check from "../lib/parameters.js";
import { useResource } from "../lib/resource.js";
import { navigate, query, setQuery } from "../lib/router.js";
import { html, useState } from "../lib/ui.js";

const EXAMPLE = `from fairlane import App

app = App()

@app.task
def report(day: str) -> None: ...

app.cron("nightly", "0 3 * * *", report.bind("today"), tenant="acme", tz="Europe/Paris")`;

export const PARAMETERS = { tenant: check.name, after: check.filled };

export default function Schedules() {
  const tenantId = query.value.get("tenant") ?? "";
  const cursor = query.value.get("after");
  const { data, error, reload } = useResource(
    (signal) => get("/schedules", { signal, query: { tenantId, cursor, limit: 50 } }),
    [tenantId, cursor],
  );
  const schedules = data?.schedules ?? [];
  return html`
    <${PageHead} title="Schedules" sub="Each makes a job whenever its time comes." />
    ${
      (tenantId || schedules.length > 0) &&
      html`<form class="filters" onSubmit=${(event) => event.preventDefault()}>
      <label class="search"><${Icon} name="search" size=${14} />
        <input class="input" type="search" data-search aria-label="Schedules of the tenant" placeholder="Tenant" value=${tenantId}
          onChange=${(event) => setQuery({ tenant: event.target.value.trim(), after: "" })} /></label>
    </form>`
    }
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Skeleton} rows=${4} />`}
    ${
      schedules.length > 0 &&
      html`<ul class="schedules" aria-label="Schedules">
      ${schedules.map((one) => html`<${Schedule} key=${`${one.tenantId}/${one.name}`} schedule=${one} reload=${reload} />`)}
    </ul>`
    }
    ${
      data &&
      !schedules.length &&
      (tenantId
        ? html`<${Empty} icon="search" title="No schedules of this tenant" action=${html`<${Button} onClick=${() => setQuery({ tenant: "" })}>See all</${Button}>`}>
          ${tenantId} has none.</${Empty}>`
        : html`<${Empty} icon="schedules" title="No schedules yet" action=${html`<${Code} text=${EXAMPLE} />`}>
          Declare one beside its task; it appears here when a worker with the app starts.</${Empty}>`)
    }
    ${
      (cursor || data?.nextCursor) &&
      html`<p class="actions">
      ${cursor && html`<${Button} icon="left" onClick=${() => history.back()}>Back</${Button}>`}
      ${data?.nextCursor && html`<${Button} onClick=${() => setQuery({ after: data.nextCursor }, { replace: false })}>Next</${Button}>`}</p>`
    }
  `;
}

const path = ({ tenantId, name }) => at`/tenants/${tenantId}/schedules/${name}`;

function Schedule({ schedule, reload }) {
  const {
    name,
    tenantId,
    cron,
    timezone,
    description,
    task,
    queue,
    paused,
    declared,
    nextRuns,
    lastRun,
    lastJobId,
    missedCount,
    skippedCount,
  } = schedule;
  const [busy, setBusy] = useState(false);
  const act = async (run) => {
    setBusy(true);
    try {
      await run();
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
    reload();
  };
  const pause = () =>
    act(async () => {
      await post(`${path(schedule)}/${paused ? "resume" : "pause"}`);
      toast(paused ? `${name} goes on.` : `${name} is paused.`);
    });
  const runNow = () =>
    act(async () => {
      const { id } = await post(`${path(schedule)}/run`);
      toast("Its job was submitted.");
      navigate(at`/ui/jobs/${id}`);
    });
  const remove = () =>
    act(async () => {
      if (
        !(await confirm({
          title: `Delete ${name}?`,
          text: "It makes no more jobs. Those that it made stay.",
          action: "Delete",
          danger: true,
        }))
      )
        return;
      await del(path(schedule));
      toast(`${name} was deleted.`);
    });
  return html`<li class="card schedule" aria-label=${name}>
    <header class="schedule-head">
      <div><h2><span class="name">${name}</span>
        ${paused && html`<${Badge} tone="warn">Paused</${Badge}>`}
        ${declared && html`<${Badge} title="It is declared in the code of an app: change it there">Declared in code</${Badge}>`}</h2>
        <p>${description}</p>
        <p class="sub"><span class="mono">${cron}</span> · ${timezone} · <a href=${at`/ui/tenants/${tenantId}`}>${tenantId}</a> · ${task}${queue !== "default" ? ` in ${queue}` : ""}</p></div>
      <div class="actions">
        <${Button} small icon=${paused ? "play" : "pause"} busy=${busy} aria-label=${`${paused ? "Resume" : "Pause"} ${name}`} onClick=${pause}>${paused ? "Resume" : "Pause"}</${Button}>
        <${Button} small busy=${busy} aria-label=${`Run ${name} now`} onClick=${runNow}>Run now</${Button}>
        ${!declared && html`<${Menu} label=${`More for ${name}`} items=${[{ words: "Delete", icon: "trash", danger: true, run: remove }]} />`}
      </div>
    </header>
    <div class="schedule-runs">
      <div><h3>Next runs, in your time</h3>
        ${paused ? html`<p class="quiet">None while it is paused.</p>` : html`<ol>${nextRuns.map((run, i) => html`<li key=${run}>${dateTime(run)} ${i === 0 && html`<span class="quiet"><${TimeAgo} at=${run} /></span>`}</li>`)}</ol>`}
      </div>
      <div><h3>Last run</h3>
        ${lastRun ? html`<p>${dateTime(lastRun)} <span class="quiet"><${TimeAgo} at=${lastRun} /></span></p>` : html`<p class="quiet">Not yet.</p>`}
        ${lastJobId && html`<p><a class="mono" href=${at`/ui/jobs/${lastJobId}`}>${lastJobId}</a></p>`}
        ${missedCount > 0 && html`<p class="quiet">${plural(missedCount, "run")} missed</p>`}
        ${skippedCount > 0 && html`<p class="quiet">${plural(skippedCount, "run")} skipped, since the one before had not ended</p>`}
      </div>
    </div>
  </li>`;
}
