// The actions on a job.
import { Button, ButtonLink } from "../../components/basics.js";
import { confirm, toast, toastError } from "../../components/floating.js";
import { at, post } from "../../lib/api.js";
import { ACTIONS_OF } from "../../lib/job.js";
import { useShortcuts } from "../../lib/keys.js";
import { navigate } from "../../lib/router.js";
import { changesWork } from "../../lib/session.js";
import { html, useState } from "../../lib/ui.js";

export function JobActions({ job, reload }) {
  const [busy, setBusy] = useState("");
  const [stopping, setStopping] = useState(null); // the attempt that was asked to stop
  const may = changesWork() ? ACTIONS_OF[job.state] : [];
  const asked = job.state === "running" && stopping === job.attempt;
  const again = `/ui/submit?from=${job.id}`;
  const act = async (name, run) => {
    if (busy) return;
    setBusy(name);
    try {
      await run();
    } catch (error) {
      toastError(error);
    }
    setBusy("");
    reload();
  };
  const cancel = () =>
    act("cancel", async () => {
      const running = job.state === "running";
      const text = running
        ? "Its worker is asked to stop it. Work already done is not undone."
        : "It will not run. You can submit it again.";
      if (!(await confirm({ title: "Cancel this job?", text, action: "Cancel the job", danger: true }))) return;
      const { state } = await post(at`/jobs/${job.id}/cancel`);
      setStopping(job.attempt);
      toast(state === "cancelled" ? "Job cancelled" : "Its worker was asked to stop the job");
    });
  const retry = () =>
    act("retry", async () => {
      await post(at`/jobs/${job.id}/retry`);
      toast("Job retried, with a fresh set of attempts");
    });
  const remove = () =>
    act("delete", async () => {
      const text = "This deletes its payload, result and history for good.";
      if (!(await confirm({ title: "Delete this job?", text, action: "Delete", danger: true }))) return;
      const { count } = await post("/jobs/actions", { action: "delete", ids: [job.id] });
      toast(count ? "Job deleted" : "The job changed in the meantime and was not deleted");
      if (count) navigate("/ui/jobs");
    });
  const offered = [
    may.includes("retry") && { keys: "r", what: "Retry the job", run: retry },
    may.includes("cancel") && { keys: "c", what: "Cancel the job", run: cancel },
    changesWork() && { keys: "s", what: "Submit again", run: () => navigate(again) },
  ].filter(Boolean);
  useShortcuts(offered, [job.id, job.state, busy]);
  return html`
    ${changesWork() && html`<${ButtonLink} icon="plus" href=${again}>Submit again</${ButtonLink}>`}
    ${may.includes("delete") && html`<${Button} icon="trash" busy=${busy === "delete"} onClick=${remove}>Delete</${Button}>`}
    ${may.includes("cancel") && html`<${Button} icon="close" busy=${busy === "cancel" || asked} onClick=${cancel}>${asked ? "Cancelling" : "Cancel"}</${Button}>`}
    ${may.includes("retry") && html`<${Button} icon="refresh" tone="primary" busy=${busy === "retry"} onClick=${retry}>Retry</${Button}>`}
  `;
}
