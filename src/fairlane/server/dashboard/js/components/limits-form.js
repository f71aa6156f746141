// A form for a tenant's limits. Changes apply at once, while jobs run.
import { at, del, put } from "../lib/api.js";
import { changesOf, draftOf, faultsOf, inWords, UNITS } from "../lib/limits.js";
import { html, useId, useState } from "../lib/ui.js";
import { Button, Card } from "./basics.js";
import { toast, toastError } from "./floating.js";

export function Limits({ tenant, onChanged }) {
  const [draft, setDraft] = useState(null); // null until the first edit, so that changes by others show
  const [refused, setRefused] = useState({});
  const [busy, setBusy] = useState(false);
  const shown = draft ?? draftOf(tenant);
  const faults = { ...refused, ...faultsOf(shown) };
  const changes = Object.keys(faultsOf(shown)).length ? null : changesOf(shown, tenant);
  const edit = (name) => (value) => {
    setRefused({});
    setDraft({ ...shown, [name]: value });
  };
  const discard = () => {
    setDraft(null);
    setRefused({});
  };
  const change = async (asked, words) => {
    setBusy(true);
    try {
      onChanged(await asked());
      setDraft(null);
      toast(words);
    } catch (error) {
      const byField = Object.fromEntries(
        (error.fields ?? []).map(({ pointer, detail }) => [pointer.split("/")[1], detail]),
      );
      setRefused(byField);
      if (!Object.keys(byField).length) toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const save = (event) => {
    event.preventDefault();
    if (busy || !changes || !Object.keys(changes).length) return;
    change(() => put(at`/tenants/${tenant.id}`, changes), `Limits of ${tenant.id} saved`);
  };
  const reset = () => change(() => del(at`/tenants/${tenant.id}/limits`), `${tenant.id} uses the default limits`);
  return html`<${Card} title="Limits" sub=${tenant.customized ? "set for this tenant" : "defaults"}>
    <form class="limits" onSubmit=${save} novalidate>
      <${RateField} name="Submission rate" hint="Above it, the API refuses submissions with status 429." value=${shown.submitRate} fault=${faults.submitRate} onChange=${edit("submitRate")} />
      <${NumberField} name="Concurrency" hint="Jobs running at once. Others wait in the lane." value=${shown.concurrency} fault=${faults.concurrency} onChange=${edit("concurrency")} />
      <${RateField} name="Start rate" hint="Jobs started per time. Others wait in the lane." value=${shown.startRate} fault=${faults.startRate} onChange=${edit("startRate")} />
      <${NumberField} name="Scheduled and pending jobs" hint="Above this number, the API refuses submissions with status 429." value=${shown.maxWaiting} fault=${faults.maxWaiting} onChange=${edit("maxWaiting")} />
      <${KeepField} kind="Completed" hint="Completed and cancelled jobs are deleted after this time, the oldest ones earlier above this number." draft=${shown} faults=${faults} edit=${edit} />
      <${KeepField} kind="Failed" hint="Dead letters are deleted after this time, the oldest ones earlier above this number." draft=${shown} faults=${faults} edit=${edit} />
      <${Field} name="Weight" hint="A tenant with weight 2 starts twice as many jobs as one with weight 1." fault=${faults.weight}>
        ${(id) => html`<span class="together"><${Text} id=${id} value=${shown.weight} fault=${faults.weight} decimal onChange=${edit("weight")} /></span>`}
      </${Field}>
      <footer class="limits-foot">
        <span class="quiet">${summary(changes, draft)}</span>
        <span class="actions">
          ${tenant.customized && html`<${Button} tone="plain" disabled=${busy} onClick=${reset}>Reset to defaults</${Button}>`}
          <${Button} tone="plain" disabled=${!draft} onClick=${discard}>Discard</${Button}>
          <button class="button primary" type="submit" disabled=${busy || !changes || !Object.keys(changes).length} aria-busy=${busy ? "true" : undefined}>Save limits</button>
        </span>
      </footer>
    </form>
  </${Card}>`;
}

function summary(changes, draft) {
  if (!draft) return "Changes apply to the next submission and the next start.";
  if (!changes) return "Correct the marked fields.";
  return Object.keys(changes).length ? `New ${inWords(changes)}.` : "No changes.";
}

function Field({ name, hint, fault, children }) {
  const id = useId();
  return html`<div class="limit">
    <div class="field"><label for=${id}>${name}</label><span class="hint">${hint}</span></div>
    <div class="field">${children(id)}${fault && html`<span class="error" id=${`${id}-fault`} role="alert">${fault}</span>`}</div>
  </div>`;
}

const RateField = ({ name, hint, value, fault, onChange }) => html`<${Field} name=${name} hint=${hint} fault=${fault}>
  ${(id) => html`<${Limited} value=${value} onChange=${onChange} name=${name}>
    <${Text} id=${id} value=${value.text} fault=${fault} numeric onChange=${(text) => onChange({ ...value, text })} /><span>per</span>
    <${Time} name=${name} value=${value} label=${`${name}: length of time`} onChange=${onChange} />
  </${Limited}>`}
</${Field}>`;

const NumberField = ({ name, hint, value, fault, onChange }) => html`<${Field} name=${name} hint=${hint} fault=${fault}>
  ${(id) => html`<${Limited} value=${value} onChange=${onChange} name=${name}>
    <${Text} id=${id} value=${value.text} fault=${fault} numeric onChange=${(text) => onChange({ ...value, text })} /><span>jobs</span>
  </${Limited}>`}
</${Field}>`;

/** How long and how many ended jobs of a kind are kept. */
function KeepField({ kind, hint, draft, faults, edit }) {
  const [seconds, most] = [`keep${kind}Seconds`, `keep${kind}Max`];
  const name = `${kind} jobs kept`;
  return html`<${Field} name=${name} hint=${hint} fault=${faults[seconds] ?? faults[most]}>
    ${(id) => html`<span class="together">
      <${Time} name=${name} id=${id} value=${draft[seconds]} fault=${faults[seconds]} onChange=${edit(seconds)} /><span>up to</span>
      <${Text} value=${draft[most]} fault=${faults[most]} label=${`${name}: number`} numeric onChange=${edit(most)} /><span>jobs</span>
    </span>`}
  </${Field}>`;
}

/** A length of time and its unit. */
const Time = ({ name, id, value, fault, label, onChange }) => html`
  <${Text} id=${id} value=${value.times} fault=${fault} label=${label} short decimal onChange=${(times) => onChange({ ...value, times })} />
  <select class="select unit" aria-label=${`${name}: unit of time`} value=${value.unit} onChange=${(event) => onChange({ ...value, unit: event.target.value })}>
    ${UNITS.map(([size, words]) => html`<option key=${size} value=${size} selected=${size === value.unit}>${value.times === "1" ? words : `${words}s`}</option>`)}
  </select>
`;

/** Inputs of a limit, and a checkbox for having none. */
const Limited = ({ name, value, onChange, children }) => html`
  ${value.on && html`<span class="together">${children}</span>`}
  <label class="check"><input type="checkbox" checked=${!value.on} aria-label=${`${name}: no limit`} onChange=${(event) => onChange({ ...value, on: !event.target.checked })} />No limit</label>
`;

const Text = ({
  id,
  value,
  fault,
  label,
  short,
  numeric,
  decimal,
  onChange,
}) => html`<input id=${id} class=${short ? "input short" : "input amount"} value=${value}
  inputmode=${numeric ? "numeric" : decimal ? "decimal" : undefined} aria-label=${label} aria-invalid=${fault ? "true" : undefined}
  aria-describedby=${fault && id ? `${id}-fault` : undefined} autocomplete="off" onInput=${(event) => onChange(event.target.value)} />`;
