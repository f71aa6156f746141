// Cancelling all unfinished jobs of a tenant.
import { Button } from "../../components/basics.js";
import { toastError } from "../../components/floating.js";
import { get } from "../../lib/api.js";
import { html, useState } from "../../lib/ui.js";
import { BulkDialog } from "../jobs/bulk.js";

/** A button that asks with the number of jobs. `onDone()` is called when some may have changed. */
export function CancelAll({ tenantId, onDone }) {
  const [expected, setExpected] = useState(null); // the number of jobs, while the dialog is open
  const ask = async () => {
    try {
      const { scheduled, pending, running } = await get("/jobs/counts", { query: { tenantId } });
      setExpected(scheduled + pending + running);
    } catch (error) {
      toastError(error);
    }
  };
  const close = (changed) => {
    setExpected(null);
    if (changed) onDone();
  };
  const target = { filter: { tenantId }, words: `all unfinished jobs of ${tenantId}`, expected };
  return html`<${Button} icon="close" onClick=${ask}>Cancel all jobs</${Button}>
    ${expected !== null && html`<${BulkDialog} action="cancel" target=${target} onClose=${close} />`}`;
}
