// What the form holds, whether it can be sent, and what is sent.
import { JsonFault, layOut, parseTree } from "../../lib/json.js";
import { isKey, isName, KEY_RULE, NAME_RULE } from "../../lib/names.js";

const DELAY = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/;
const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };
const LONGEST_DELAY = 366 * 86400;

/** The draft that the address asks for. */
export const emptyDraft = (query) => ({
  tenantId: query.get("tenant") ?? "",
  task: query.get("task") ?? "",
  queue: query.get("queue") ?? "",
  payload: query.get("payload") ?? "{}",
  priority: "0",
  delay: "",
  key: "",
  idempotencyKey: "",
});

/** A draft like a job; its keys are its own and are left out. */
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

/** What is wrong with a JSON text, and where; null if nothing is. */
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

/** The seconds of "90", "30s" or "10m"; null for nothing, NaN for anything else. */
function secondsOf(delay) {
  if (!delay.trim()) return null;
  const [, number, unit = "s"] = DELAY.exec(delay.trim().toLowerCase()) ?? [];
  return number === undefined ? NaN : Number(number) * UNITS[unit];
}

/** By field, why it cannot be sent so. */
export function faultsOf(draft) {
  const faults = {};
  if (!draft.tenantId) faults.tenantId = "Say whose job it is.";
  for (const name of ["tenantId", "task", "queue"]) {
    if (draft[name] && !isName(draft[name])) faults[name] = NAME_RULE;
  }
  for (const name of ["key", "idempotencyKey"]) {
    if (draft[name] && !isKey(draft[name])) faults[name] = KEY_RULE;
  }
  const delay = secondsOf(draft.delay);
  if (Number.isNaN(delay)) faults.delay = "Write a number and a unit, such as 30s, 10m, 2h or 1d.";
  else if (delay > LONGEST_DELAY) faults.delay = "The longest delay is 366 days.";
  const wrong = draft.payload.trim() ? jsonFault(draft.payload) : "A payload is needed; {} is one.";
  if (wrong) faults.payload = wrong;
  return faults;
}

const FIELD_OF = { delaySeconds: "delay", "Idempotency-Key": "idempotencyKey" };
const FIELDS = ["tenantId", "task", "queue", "payload", "priority", "delay", "key", "idempotencyKey"];

/** By field, what the server said of it. */
export function serverFaults(error) {
  const faults = {};
  for (const { pointer, detail } of error.fields) {
    const name = pointer.split("/")[1];
    faults[FIELD_OF[name] ?? name] = detail;
  }
  if (error.type === "idempotency_mismatch") faults.idempotencyKey = error.message;
  return Object.keys(faults).every((name) => FIELDS.includes(name)) ? faults : {};
}

/** The request: `body` is JSON text with the payload in it as it was typed, so that no digit is lost. */
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

/** The request for a shell. */
export function asCommand(draft) {
  const { body, headers } = requestOf(draft);
  const lines = [`curl -s ${location.origin}/jobs`, "-H 'content-type: application/json'"];
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  return [...lines, `-d ${quoted(body)}`].join(" \\\n  ");
}
