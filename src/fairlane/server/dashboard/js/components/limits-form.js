// A form for a tenant's limits. Changes apply at once, while jobs run.
import { at, del, put } from "../lib/api.js";
import { changesOf, draftOf, faultsOf, inWords, refusedLimits } from "../lib/limits.js";
import { html, useState } from "../lib/ui.js";
import { Button, Card } from "./basics.js";
import { toast, toastError } from "./floating.js";
import { Field, NumberField, RateField, Text, Time } from "./limit-fields.js";

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
      const byField = refusedLimits(error);
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
