// Sealing a batch and cancelling its jobs.
import { Button } from "../../components/basics.js";
import { confirm, toast, toastError } from "../../components/floating.js";
import { at, post } from "../../lib/api.js";
import { plural } from "../../lib/format.js";
import { html, useState } from "../../lib/ui.js";

/** `put(batch)` is called with the batch after a change. */
export function BatchActions({ batch: { id, state, unfinished }, put }) {
  const [busy, setBusy] = useState(false);
  const act = async (question, action, done) => {
    if (!(await confirm(question))) return;
    setBusy(true);
    try {
      put(await post(at`/batches/${id}/${action}`));
      toast(done);
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  const seal = () =>
    act(
      {
        title: "Seal this batch?",
        text: "After that, only its own running jobs can add to it. Its callbacks are made once its jobs have ended.",
        action: "Seal it",
      },
      "seal",
      "Batch sealed",
    );
  const jobs = plural(unfinished, "job");
  const cancel = () =>
    act(
      {
        title: `Cancel ${jobs}?`,
        text: "This seals the batch and cancels all its unfinished jobs. Waiting jobs will not run. Workers are asked to stop running jobs.",
        action: `Cancel ${jobs}`,
        danger: true,
      },
      "cancel",
      `${jobs} cancelled or asked to stop`,
    );
  return html`
    ${state === "open" && html`<${Button} icon="check" busy=${busy} onClick=${seal}>Seal</${Button}>`}
    ${unfinished > 0 && state !== "cancelling" && html`<${Button} icon="close" busy=${busy} onClick=${cancel}>Cancel all jobs</${Button}>`}
  `;
}
