// Every page: its path, its module (whose default export is the component, given the path's `:names`), and where it
// stands in the navigation (`nav`, `icon`, and `key` for the shortcut "g key"). `title(params)` names the tab.
export const ROUTES = [
  {
    path: "/", name: "overview", title: () => "Overview", nav: "Overview", icon: "overview", key: "o",
    load: () => import("./pages/overview.js"),
  },
  {
    path: "/ui/tenants", name: "tenants", title: () => "Tenants", nav: "Tenants", icon: "tenants", key: "t",
    load: () => import("./pages/tenants.js"),
  },
  {
    path: "/ui/tenants/:id", name: "tenant", title: ({ id }) => id, within: "tenants",
    load: () => import("./pages/tenant.js"),
  },
];
