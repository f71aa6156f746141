// A form that submits one job. It shows the same request as a command.
import { Button, Card, Code, PageHead, Problem, Skeleton } from "../components/basics.js";
import { Field, TextField } from "../components/field.js";
import { toast } from "../components/floating.js";
import { ApiError, get, post } from "../lib/api.js";
import { getJob } from "../lib/job.js";
import { layOut, parseTree } from "../lib/json.js";
import * as check from "../lib/parameters.js";
import { navigate, query } from "../lib/router.js";
import { ownTenant } from "../lib/session.js";
import { overview } from "../lib/store.js";
import { html, useEffect, useRef, useState } from "../lib/ui.js";
import { unserved } from "../lib/workers.js";
import { asCommand, draftOf, emptyDraft, faultsOf, jsonFault, requestOf, serverFaults } from "./submit/draft.js";

export const PARAMETERS = {
  from: check.filled,
  tenant: check.any,
  task: check.any,
  queue: check.any,
  payload: check.any,
};

export default function SubmitPage() {
  const from = query.value.get("from");
  const [start, setStart] = useState(from ? null : emptyDraft(query.value));
  const [error, setError] = useState(null);
  useEffect(() => {
    if (!from) return undefined;
    const reading = new AbortController();
    getJob(from, reading.signal).then(
      (job) => setStart(draftOf(job)),
      (failed) => reading.signal.aborted || setError(failed),
    );
    return () => reading.abort();
  }, [from]);
  const sub = from
    ? "A copy of another job. Change what should differ."
    : "It starts as soon as a worker is free, unless you set a delay.";
  return html`
    <${PageHead} title="Submit a job" sub=${sub} />
    ${error && html`<${Problem} error=${error} />`}
    ${start ? html`<${Form} start=${start} />` : !error && html`<${Skeleton} rows=${6} />`}
  `;
}

function Form({ start }) {
  const [draft, setDraft] = useState(start);
  const [refused, setRefused] = useState({});
  const [problem, setProblem] = useState(null);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef();
  const set = (name) => (value) => {
    setDraft((old) => ({ ...old, [name]: value }));
    setRefused((old) => ({ ...old, [name]: undefined }));
  };
  const own = faultsOf(draft);
  const faults = { ...refused, ...(tried ? own : {}) };
  const toFirstFault = () => requestAnimationFrame(() => form.current?.querySelector("[aria-invalid=true]")?.focus());
  const submit = async (event) => {
    event?.preventDefault();
    if (busy) return;
    setTried(true);
    setProblem(null);
    if (Object.keys(own).length) return toFirstFault();
    setBusy(true);
    try {
      const { body, headers } = requestOf(draft);
      const job = await post("/jobs", body, { headers });
      toast("Submitted.");
      navigate(`/ui/jobs/${job.id}`);
    } catch (error) {
      const found = error instanceof ApiError ? serverFaults(error) : {};
      setRefused(found);
      if (Object.keys(found).length) toFirstFault();
      else setProblem(error);
      setBusy(false);
    }
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return html`<form class="submit" ref=${form} onSubmit=${submit} onKeyDown=${onKeyDown} noValidate>
    <${Card}>
      ${problem && html`<${Problem} error=${problem} />`}
      <${Fields} draft=${draft} set=${set} faults=${faults} />
      <footer class="submit-foot">
        <${Button} type="submit" tone="primary" icon="play" busy=${busy}>Submit the job</${Button}>
        <span class="quiet">or <kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
      </footer>
    </${Card}>
    <${Card} title="From a terminal" sub="the same request">
      <${Code} text=${asCommand(draft)} />
      <p class="sub">The <a href="/docs">API documentation</a> lists every field.</p>
    </${Card}>
  </form>`;
}

function Fields({ draft, set, faults }) {
  const known = useKnown();
  const field = (name) => ({ value: draft[name], onChange: set(name), error: faults[name] });
  return html`<div class="submit-fields">
    ${ownTenant() === null && html`<${TextField} name="Tenant" ...${field("tenantId")} required list="known-tenants" placeholder="acme" autofocus=${!draft.tenantId} />`}
    <${TextField} name="Task" ...${field("task")} list="known-tasks" placeholder="default" />
    <${TextField} name="Queue" ...${field("queue")} list="known-queues" placeholder="default"
      hint=${unserved(draft.queue || "default") ? "No worker serves this queue now: the job will wait." : undefined} />
    <${PayloadField} ...${field("payload")} />
    <${Field} name="Priority" error=${faults.priority} hint="Within the tenant's lane. 9 goes first." control=${(
      tied,
    ) => html`
      <select class="select" ...${tied} value=${draft.priority} onChange=${(event) => set("priority")(event.target.value)}>
        ${Array.from({ length: 10 }, (_, i) => html`<option key=${i} value=${String(i)}>${i === 0 ? "0 (default)" : i}</option>`)}
      </select>`} />
    <${TextField} name="Delay" ...${field("delay")} inputmode="text" placeholder="none" hint="For example 30s, 10m, 2h or 1d." />
    <${TextField} name="Key" ...${field("key")} placeholder="none" hint="Only one unfinished job has this key. A second one is not made." />
    <${TextField} name="Idempotency key" ...${field("idempotencyKey")} placeholder="none" hint="Repeating the request within a day returns the first job." />
    <${Lists} known=${known} />
  </div>`;
}

function PayloadField({ value, onChange, error }) {
  const fault = value.trim() ? jsonFault(value) : null;
  const format = () => onChange(layOut(value, parseTree(value)));
  return html`<${Field} name="Payload" wide error=${error ?? fault}
    hint="JSON. An object holds keyword arguments, an array positional ones."
    beside=${html`<${Button} small tone="plain" disabled=${Boolean(fault)} onClick=${format}>Format</${Button}>`}
    control=${(tied) => html`<textarea class="input" rows="8" spellcheck=${false} ...${tied} value=${value}
      onInput=${(event) => onChange(event.target.value)}></textarea>`} />`;
}

/** Recent tenants, tasks and queues, as suggestions. */
function useKnown() {
  const [seen, setSeen] = useState({ tenants: [], tasks: [] });
  useEffect(() => {
    const reading = new AbortController();
    const { signal } = reading;
    Promise.all([
      ownTenant() === null ? get("/tenants", { signal, query: { limit: 100 } }) : { tenants: [] },
      get("/jobs", { signal, query: { limit: 50 } }),
    ]).then(
      ([{ tenants }, { jobs }]) =>
        setSeen({ tenants: tenants.map(({ id }) => id), tasks: [...new Set(jobs.map(({ task }) => task))].sort() }),
      () => {}, // the form works without suggestions
    );
    return () => reading.abort();
  }, []);
  return { ...seen, queues: (overview.value?.queues ?? []).map(({ name }) => name) };
}

const Lists = ({ known }) => html`
  ${Object.entries(known).map(
    ([kind, names]) => html`<datalist key=${kind} id=${`known-${kind}`}>
    ${names.map((name) => html`<option key=${name} value=${name}></option>`)}
  </datalist>`,
  )}`;
