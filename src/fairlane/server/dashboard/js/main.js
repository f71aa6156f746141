import { startShortcuts } from "./lib/keys.js";
import { startRouter } from "./lib/router.js";
import { startSession } from "./lib/session.js";
import { startClock } from "./lib/store.js";
import { startStream } from "./lib/stream.js";
import { html, render } from "./lib/ui.js";
import { Shell } from "./shell.js";

startRouter();
startShortcuts();
startClock();
await startSession();
startStream();
const app = document.getElementById("app");
app.replaceChildren();
render(html`<${Shell} />`, app);
