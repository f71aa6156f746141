// A dialog for the limits of a queue. Changes apply at once, while jobs run.
import { Button } from "../../components/basics.js";
import { Dialog, toast, toastError } from "../../components/floating.js";
import { NumberField, RateField } from "../../components/limit-fields.js";
import { at, put } from "../../lib/api.js";
import { changesOf, draftOf, faultsOf, refusedLimits } from "../../lib/limits.js";
import { html, useId, useState } from "../../lib/ui.js";

export function LimitsDialog({ queue, onChanged, onClose }) {
  const { concurrency, startRate } = queue;
  const [draft, setDraft] = useState(() => draftOf({ concurrency, startRate }));
  const [refused, setRefused] = useState({});
  const [busy, setBusy] = useState(false);
  const id = useId();
  const faults = faultsOf(draft);
  const isSound = !Object.keys(faults).length;
  const edit = (name) => (value) => {
    setRefused({});
    setDraft({ ...draft, [name]: value });
  };
  const save = async (event) => {
    event.preventDefault();
    if (busy || !isSound) return;
    setBusy(true);
    try {
      onChanged(await put(at`/queues/${queue.name}`, changesOf(draft, queue)));
      toast(`Limits of the queue ${queue.name} saved`);
      onClose();
    } catch (error) {
      setRefused(refusedLimits(error));
      if (!error.fields?.length) toastError(error);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${`Limits of the queue ${queue.name}`} wide onClose=${onClose} actions=${html`
    <${Button} tone="plain" onClick=${onClose}>Cancel</${Button}>
    <button class="button primary" type="submit" form=${id} disabled=${busy || !isSound} aria-busy=${busy ? "true" : undefined}>Save limits</button>
  `}>
    <p>They hold over all tenants together, from the next start on. Jobs beyond them wait; other queues go on.</p>
    <form class="limits" id=${id} onSubmit=${save} novalidate>
      <${NumberField} name="Concurrency" hint="Jobs of this queue running at once." value=${draft.concurrency} fault=${refused.concurrency ?? faults.concurrency} onChange=${edit("concurrency")} />
      <${RateField} name="Start rate" hint="Jobs of this queue started per time." value=${draft.startRate} fault=${refused.startRate ?? faults.startRate} onChange=${edit("startRate")} />
    </form>
  </${Dialog}>`;
}
