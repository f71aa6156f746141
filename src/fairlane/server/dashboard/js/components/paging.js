// Buttons between the pages of a listing. The cursor is in the address, as `after`.
import { setQuery } from "../lib/router.js";
import { html } from "../lib/ui.js";
import { Button } from "./basics.js";

/** `cursor`: of this page, or null on the first one. `nextCursor`: of the next page, or null on the last one. */
export const Paging = ({ cursor, nextCursor }) =>
  (cursor || nextCursor) &&
  html`<p class="actions">
    ${cursor && html`<${Button} icon="left" onClick=${() => history.back()}>Back</${Button}>`}
    ${nextCursor && html`<${Button} onClick=${() => setQuery({ after: nextCursor }, { replace: false })}>Next</${Button}>`}
  </p>`;
