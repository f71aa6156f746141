// The REST API. Every failure is an ApiError. `inWords` says what happened and what to do.
import { base } from "./base.js";

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status; // 0: no answer
    this.type = (problem.type ?? "").replace("urn:fairlane:problem:", "");
    this.fields = problem.errors ?? []; // [{pointer, detail}]
    this.retryAfter = problem.retryAfter ?? null; // seconds
  }
}

/** "/jobs" and {state: "failed"} as "/jobs?state=failed". Leaves out null, undefined and "". */
export function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** A path with each value encoded as one segment: at`/tenants/${id}/pause`. */
export function at(strings, ...values) {
  return String.raw({ raw: strings }, ...values.map(encodeURIComponent));
}

// Browsers resolve a segment of dots alone, and so would ask for, or change, something else.
const DOTS = /\/\.\.?(?=\/|$)/;

async function call(method, path, { body, query, signal, headers, read = JSON.parse } = {}) {
  if (DOTS.test(path))
    throw new ApiError(404, {
      detail: "A browser cannot ask for the name “.” or “..”. Use the fairlane command.",
    });
  const options = { method, signal, headers: { accept: "application/json", ...headers } };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = typeof body === "string" ? body : JSON.stringify(body); // a string is JSON already
  }
  let response;
  try {
    response = await fetch(base + withQuery(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { detail: "fairlane does not answer." });
  }
  const text = await response.text();
  if (response.ok) return text ? read(text) : null;
  if (response.status === 401 && path !== "/session") location.assign(`${base}/sign-in`);
  throw new ApiError(response.status, parsedProblem(text));
}

function parsedProblem(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // the answer of a proxy
  }
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body = undefined, options) => call("POST", path, { ...options, body });
export const put = (path, body, options) => call("PUT", path, { ...options, body });
export const del = (path, options) => call("DELETE", path, options);

/** What happened and what to do about it: {title, advice}. */
export function inWords(error) {
  if (!(error instanceof ApiError))
    return { title: "This page met an error.", advice: String(error?.message ?? error) };
  const advice = {
    0: "Check that it runs (fairlane up). This page continues when it answers.",
    403: "This page has no permission to do this.",
    404: "It may have been deleted.",
    409: "It changed in the meantime. Check its current state.",
    421: "Open the dashboard at the host name that the server was started with.",
    429: error.retryAfter
      ? `Try again in ${error.retryAfter} s, or raise the tenant's submission rate.`
      : "Try again later.",
    500: "The server's log has the details.",
    503: "The store does not answer. This page continues when it does.",
    507: "The store is full. It accepts jobs again when it has room.",
  }[error.status];
  return { title: error.message, advice: advice ?? "" };
}
