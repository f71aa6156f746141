import { changesWork, operates, ownTenant } from "./lib/session.js";

// Every page: its path, its module and its place in the navigation (`nav`, `icon`, and `key` for the shortcut "g key").
// `title(params)` names the tab. The module's default export is the component, which gets the path's `:names`. Its export
// PARAMETERS names the parameters of the query, each with its check; the shell refuses others. `tenants`: a tenant's
// session has the page too. `allowed()`: whether the session may use it.
const ROUTES = [
  {
    path: "/",
    name: "overview",
    title: () => "Overview",
    nav: "Overview",
    icon: "overview",
    key: "o",
    load: () => import("./pages/overview.js"),
  },
  {
    path: "/ui/jobs",
    name: "jobs",
    title: () => "Jobs",
    nav: "Jobs",
    icon: "jobs",
    key: "j",
    tenants: true,
    load: () => import("./pages/jobs.js"),
  },
  {
    path: "/ui/jobs/:id",
    name: "job",
    title: ({ id }) => `Job ${id}`,
    within: "jobs",
    tenants: true,
    load: () => import("./pages/job.js"),
  },
  {
    path: "/ui/submit",
    name: "submit",
    title: () => "Submit a job",
    tenants: true,
    allowed: changesWork,
    load: () => import("./pages/submit.js"),
  },
  {
    path: "/ui/batches",
    name: "batches",
    title: () => "Batches",
    nav: "Batches",
    icon: "batches",
    key: "b",
    tenants: true,
    load: () => import("./pages/batches.js"),
  },
  {
    path: "/ui/batches/:id",
    name: "batch",
    title: ({ id }) => `Batch ${id}`,
    within: "batches",
    tenants: true,
    load: () => import("./pages/batch.js"),
  },
  {
    path: "/ui/tenants",
    name: "tenants",
    title: () => "Tenants",
    nav: "Tenants",
    icon: "tenants",
    key: "t",
    load: () => import("./pages/tenants.js"),
  },
  {
    path: "/ui/tenants/:id",
    name: "tenant",
    title: ({ id }) => id,
    within: "tenants",
    tenants: true,
    load: () => import("./pages/tenant.js"),
  },
  {
    path: "/ui/schedules",
    name: "schedules",
    title: () => "Schedules",
    nav: "Schedules",
    icon: "schedules",
    key: "s",
    tenants: true,
    load: () => import("./pages/schedules.js"),
  },
  {
    path: "/ui/queues",
    name: "queues",
    title: () => "Queues",
    nav: "Queues",
    icon: "queues",
    key: "q",
    load: () => import("./pages/queues.js"),
  },
  {
    path: "/ui/workers",
    name: "workers",
    title: () => "Workers",
    nav: "Workers",
    icon: "workers",
    key: "w",
    load: () => import("./pages/workers.js"),
  },
  {
    path: "/ui/audit",
    name: "audit",
    title: () => "Audit log",
    nav: "Audit log",
    icon: "audit",
    key: "a",
    allowed: operates,
    load: () => import("./pages/audit.js"),
  },
];

/** The pages of this session. A tenant's session begins with its own tenant. */
export function routes() {
  const id = ownTenant();
  const allowed = ROUTES.filter((route) => (id === null || route.tenants) && (route.allowed?.() ?? true));
  if (id === null) return allowed;
  const own = ROUTES.find(({ name }) => name === "tenant");
  const home = { path: "/", name: "tenant", title: () => id, nav: "Overview", icon: "overview", key: "o" };
  return [
    { ...home, params: { id }, load: own.load },
    ...allowed.map((route) => (route === own ? { ...own, within: "tenant" } : route)),
  ];
}
