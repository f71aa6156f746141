// Every page: its path, its module (whose default export is the component, given the path's `:names`), and where it
// stands in the navigation (`nav`, `icon`, and `key` for the shortcut "g key"). `title(params)` names the tab.
export const ROUTES = [
  {
    path: "/", name: "overview", title: () => "Overview", nav: "Overview", icon: "overview", key: "o",
    load: () => import("./pages/overview.js"),
  },
  {
    path: "/ui/jobs", name: "jobs", title: () => "Jobs", nav: "Jobs", icon: "jobs", key: "j",
    load: () => import("./pages/jobs.js"),
  },
  {
    path: "/ui/jobs/:id", name: "job", title: ({ id }) => `Job ${id}`, within: "jobs",
    load: () => import("./pages/job.js"),
  },
  {
    path: "/ui/submit", name: "submit", title: () => "Submit a job",
    load: () => import("./pages/submit.js"),
  },
  {
    path: "/ui/tenants", name: "tenants", title: () => "Tenants", nav: "Tenants", icon: "tenants", key: "t",
    load: () => import("./pages/tenants.js"),
  },
  {
    path: "/ui/tenants/:id", name: "tenant", title: ({ id }) => id, within: "tenants",
    load: () => import("./pages/tenant.js"),
  },
  {
    path: "/ui/schedules", name: "schedules", title: () => "Schedules", nav: "Schedules", icon: "schedules", key: "s",
    load: () => import("./pages/schedules.js"),
  },
  {
    path: "/ui/queues", name: "queues", title: () => "Queues", nav: "Queues", icon: "queues", key: "q",
    load: () => import("./pages/queues.js"),
  },
  {
    path: "/ui/workers", name: "workers", title: () => "Workers", nav: "Workers", icon: "workers", key: "w",
    load: () => import("./pages/workers.js"),
  },
];
