// The form's values, their checks, and the request.
import { apiUrl } from "../../lib/base.js";
import { JsonFault, layOut, parseTree } from "../../lib/json.js";
import { isKey, isName, KEY_RULE, NAME_RULE } from "../../lib/names.js";
import { ownTenant, session } from "../../lib/session.js";

const DELAY = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/;
const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };
const LONGEST_DELAY = 366 * 86400;

/** The draft for an address. */
export const emptyDraft = (query) => ({
  tenantId: ownTenant() ?? query.get("tenant") ?? "",
  task: query.get("task") ?? "",
  queue: query.get("queue") ?? "",
  payload: query.get("payload") ?? "{}",
  priority: "0",
  delay: "",
  key: "",
  idempotencyKey: "",
});

/** A draft like a job, without its keys. */
export const draftOf = (job) => ({
  tenantId: job.tenantId,
  task: job.task,
  queue: job.queue,
  payload: layOut(job.payload, parseTree(job.payload)),
  priority: String(job.priority),
  delay: "",
  key: "",
  idempotencyKey: "",
});

/** What is wrong with a JSON text and where, or null. */
export function jsonFault(text) {
  try {
    parseTree(text);
    return null;
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    const lines = text.slice(0, fault.at).split("\n");
    return `This is not JSON: in line ${lines.length} at character ${lines.at(-1).length + 1}, ${fault.message}.`;
  }
}

/** The seconds of "90", "30s" or "10m". Null for an empty text, NaN for any other. */
function secondsOf(delay) {
  if (!delay.trim()) return null;
  const [, number, unit = "s"] = DELAY.exec(delay.trim().toLowerCase()) ?? [];
  return number === undefined ? NaN : Number(number) * UNITS[unit];
}

/** By field, what is wrong. */
export function faultsOf(draft) {
  const faults = {};
  if (!draft.tenantId) faults.tenantId = "Enter a tenant.";
  for (const name of ["tenantId", "task", "queue"]) {
    if (draft[name] && !isName(draft[name])) faults[name] = NAME_RULE;
  }
  for (const name of ["key", "idempotencyKey"]) {
    if (draft[name] && !isKey(draft[name])) faults[name] = KEY_RULE;
  }
  const delay = secondsOf(draft.delay);
  if (Number.isNaN(delay)) faults.delay = "Enter a number and a unit, such as 30s, 10m, 2h or 1d.";
  else if (delay > LONGEST_DELAY) faults.delay = "Enter at most 366 days.";
  const wrong = draft.payload.trim() ? jsonFault(draft.payload) : "Enter a payload, such as {}.";
  if (wrong) faults.payload = wrong;
  return faults;
}

const FIELD_OF = { delaySeconds: "delay", "Idempotency-Key": "idempotencyKey" };
const FIELDS = ["tenantId", "task", "queue", "payload", "priority", "delay", "key", "idempotencyKey"];

/** By field, the server's error. */
export function serverFaults(error) {
  const faults = {};
  for (const { pointer, detail } of error.fields) {
    const name = pointer.split("/")[1];
    faults[FIELD_OF[name] ?? name] = detail;
  }
  if (error.type === "idempotency_mismatch") faults.idempotencyKey = error.message;
  return Object.keys(faults).every((name) => FIELDS.includes(name)) ? faults : {};
}

/** The request. `body` is JSON text with the payload as typed, so that no digit is lost. */
export function requestOf(draft) {
  const parts = [["tenantId", draft.tenantId]];
  for (const name of ["task", "queue", "key"]) if (draft[name]) parts.push([name, draft[name]]);
  if (draft.priority !== "0") parts.push(["priority", Number(draft.priority)]);
  const delay = secondsOf(draft.delay);
  if (delay) parts.push(["delaySeconds", delay]);
  const fields = parts.map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
  const body = `{${[...fields, `"payload": ${draft.payload.trim() || "null"}`].join(", ")}}`;
  return { body, headers: draft.idempotencyKey ? { "idempotency-key": draft.idempotencyKey } : {} };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The request as a shell command. */
export function asCommand(draft) {
  const { body, headers } = requestOf(draft);
  const lines = [`curl -s ${apiUrl}/jobs`, "-H 'content-type: application/json'"];
  if (session.value.kind) lines.push('-H "authorization: Bearer $FAIRLANE_TOKEN"');
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  return [...lines, `-d ${quoted(body)}`].join(" \\\n  ");
}
