// Where a reverse proxy serves the dashboard and the API: "" or a path such as "/queues".
export const base = document.documentElement.dataset.base ?? "";

/** The URL of the API, for commands that people copy. */
export const apiUrl = location.origin + base;
