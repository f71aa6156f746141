// The page that asks for an access token. The server keeps it in a cookie that scripts cannot read.
import { post } from "./lib/api.js";
import { base } from "./lib/base.js";

const token = document.getElementById("token");
const failure = document.getElementById("failure");

async function attempt(request, done) {
  failure.textContent = "";
  try {
    await request();
    done();
  } catch (error) {
    failure.textContent = error.message;
  }
}

document.getElementById("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(
    () => post("/session", { token: token.value.trim() }),
    () => location.assign(`${base}/`),
  );
});
