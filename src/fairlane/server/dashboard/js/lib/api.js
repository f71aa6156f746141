// The REST API. Every failure is an ApiError, which can say in words what happened and what to do.

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status; // 0: there was no answer at all
    this.type = (problem.type ?? "").replace("urn:fairlane:problem:", "");
    this.fields = problem.errors ?? []; // [{pointer, detail}]
    this.retryAfter = problem.retryAfter ?? null; // seconds
  }
}

/** `/jobs?state=failed` of "/jobs" and {state: "failed"}; null, undefined and "" are left out. */
export function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** A path with each value encoded as one step: at`/tenants/${id}/pause`. */
export function at(strings, ...values) {
  return String.raw({ raw: strings }, ...values.map(encodeURIComponent));
}

// Browsers take a step of dots alone for a move up the tree, and so would ask for, or change, something else.
const DOTS = /\/\.\.?(?=\/|$)/;

async function call(method, path, { body, query, signal, headers, read = JSON.parse } = {}) {
  if (DOTS.test(path))
    throw new ApiError(404, {
      detail: "A browser cannot ask for what is named “.” or “..”; the fairlane command can.",
    });
  const options = { method, signal, headers: { accept: "application/json", ...headers } };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = typeof body === "string" ? body : JSON.stringify(body); // a string is JSON already
  }
  let response;
  try {
    response = await fetch(withQuery(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { detail: "fairlane does not answer." });
  }
  const text = await response.text();
  if (response.ok) return text ? read(text) : null;
  throw new ApiError(response.status, parsedProblem(text));
}

function parsedProblem(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // not from us, but from something between
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
    0: "Check that it runs (fairlane up). This page goes on by itself as soon as it answers.",
    403: "Your browser may not do this here.",
    404: "It may have been removed meanwhile.",
    409: "It has changed meanwhile; look at its present state and decide again.",
    421: "Open the dashboard under the name that the server was started with.",
    429: error.retryAfter
      ? `Try again in ${error.retryAfter} s, or raise the tenant's submission rate.`
      : "Try again later.",
    500: "The server's log has the details.",
    503: "The store does not answer. This page goes on by itself as soon as it does.",
    507: "The store has no room for more jobs. It takes jobs again once it has drained.",
  }[error.status];
  return { title: error.message, advice: advice ?? "" };
}
