// Runs before the first paint, so that a chosen theme does not flash.
try {
  const chosen = localStorage.getItem("fairlane.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing for pages: the theme is the system's.
}
