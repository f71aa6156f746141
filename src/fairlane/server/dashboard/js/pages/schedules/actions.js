// The actions on a schedule.
import { Button } from "../../components/basics.js";
import { confirm, toast, toastError } from "../../components/floating.js";
import { at, del, post } from "../../lib/api.js";
import { navigate } from "../../lib/router.js";
import { changesWork, operates } from "../../lib/session.js";
import { html, useState } from "../../lib/ui.js";

const path = ({ tenantId, name }) => at`/tenants/${tenantId}/schedules/${name}`;

/** A tenant may not change what the code of an app declares. */
const mayChange = ({ declared }) => !declared || operates();

/** {busy, pause, runNow, remove}. Each calls `reload` at its end. */
function useActions(schedule, reload) {
  const { name, paused, declared } = schedule;
  const [busy, setBusy] = useState(false);
  const act = (run) => async () => {
    setBusy(true);
    try {
      await run();
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
    reload();
  };
  const pause = act(async () => {
    await post(`${path(schedule)}/${paused ? "resume" : "pause"}`);
    toast(`${name} ${paused ? "resumed" : "paused"}`);
  });
  const runNow = act(async () => {
    const { id } = await post(`${path(schedule)}/run`);
    toast("Job submitted");
    navigate(at`/ui/jobs/${id}`);
  });
  const remove = act(async () => {
    const back = declared ? " If the code of an app still has it, it returns when a worker of that app starts." : "";
    const text = `It makes no more jobs. Its earlier jobs stay.${back}`;
    if (!(await confirm({ title: `Delete ${name}?`, text, action: "Delete", danger: true }))) return;
    await del(path(schedule));
    toast(`${name} deleted`);
  });
  return { busy, pause, runNow, remove };
}

/** Actions in a row of the list. */
export function RowActions({ schedule, reload }) {
  const { name, paused } = schedule;
  const { busy, pause, runNow } = useActions(schedule, reload);
  const words = paused ? "Resume" : "Pause";
  return html`<span class="row-actions">
    ${mayChange(schedule) && html`<${Button} small busy=${busy} aria-label=${`${words} ${name}`} onClick=${pause}>${words}</${Button}>`}
    <span class="wide-only"><${Button} small busy=${busy} aria-label=${`Run ${name} now`} onClick=${runNow}>Run</${Button}></span>
  </span>`;
}

/** Actions in the details. */
export function DetailActions({ schedule, reload }) {
  const { busy, runNow, remove } = useActions(schedule, reload);
  if (!changesWork()) return null;
  return html`${mayChange(schedule) && html`<${Button} icon="trash" busy=${busy} onClick=${remove}>Delete</${Button}>`}
    <${Button} icon="play" busy=${busy} onClick=${runNow}>Run now</${Button}>`;
}
