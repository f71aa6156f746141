// Says on every page that the store is full, or nearly.
import { megabytes } from "../lib/format.js";
import { overview } from "../lib/store.js";
import { html } from "../lib/ui.js";
import { Icon } from "./icon.js";

/** The share of its limit above which the store deletes completed jobs early. */
const NEARLY_FULL = 0.9;

export function StoreMemory() {
  const { usedBytes, limitBytes } = overview.value?.memory ?? {};
  if (!limitBytes || usedBytes <= NEARLY_FULL * limitBytes) return null;
  const full = usedBytes >= limitBytes;
  return html`<div class=${`notice ${full ? "bad" : "warn"}`} role="alert"><${Icon} name="alert" /><div>
    <strong>${full ? "The store is full" : "The store is nearly full"}</strong>
    <p>It uses ${megabytes(usedBytes)} of ${megabytes(limitBytes)} MB. ${full ? "New jobs are refused (507)" : "When it is full, it refuses new jobs"}; workers go on, and completed jobs are deleted early. Delete dead letters, or give the store more memory.</p>
  </div></div>`;
}
