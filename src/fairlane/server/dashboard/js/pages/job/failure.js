// The last error, with its traceback.
import { Code } from "../../components/basics.js";
import { Icon } from "../../components/icon.js";
import { html } from "../../lib/ui.js";

export function Failure({ job }) {
  if (!job.error || job.state === "completed") return null;
  return html`<section class="card failure" aria-label="Error">
    <${ErrorText} error=${job.error} open=${job.state === "failed"} />
  </section>`;
}

/** An error's type, message and traceback. The traceback is collapsed unless `open`. */
export const ErrorText = ({ error, open = false }) => html`
  <p class="error-line"><${Icon} name="alert" /><span><b>${error.type}</b> ${error.message}</span></p>
  ${
    error.traceback &&
    html`<details open=${open}>
    <summary>Traceback</summary>
    <${Code} text=${error.traceback} />
  </details>`
  }
`;
