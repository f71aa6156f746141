// Runs before the first paint, so that a chosen theme does not flash.
try {
  const chosen = localStorage.getItem("fairlane.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // This browser stores nothing for pages: the system's theme applies.
}
