// The session, and what its access token allows. The API checks it; pages only leave out what it would refuse.
import { del, get } from "./api.js";
import { base } from "./base.js";
import { signal } from "./ui.js";

const OPEN = { kind: null, name: null, tenantId: null, readOnly: false, readsLogs: true };

/** {kind, name, tenantId, readOnly, readsLogs}. On a server that asks for no access tokens, it has no kind. */
export const session = signal(OPEN);

export async function startSession() {
  try {
    session.value = await get("/session");
  } catch {
    // Without an answer, the pages say what is wrong.
  }
}

export async function signOut() {
  await del("/session");
  location.assign(`${base}/sign-in`);
}

/** The tenant that alone is shown, or null. */
export const ownTenant = () => session.value.tenantId;

/** Whether to offer what only operators may do: change limits, pause and drain. */
export const operates = () => session.value.kind === null || session.value.kind === "admin";

/** Whether to show the logs of jobs. */
export const readsLogs = () => session.value.readsLogs;

/** Whether to offer changes of jobs and schedules. */
export const changesWork = () => operates() || (session.value.kind === "tenant" && !session.value.readOnly);
