// Asks for the token if one is needed, and then opens the terminal. The token stays in this tab, and goes into headers alone.
"use strict";

const KEPT = "hotfolio.token";
const byId = (id) => document.getElementById(id);

// What draws the terminal opens a WebSocket by itself, and knows of no token: this one shows it by a subprotocol.
let token = null;
window.WebSocket = class extends window.WebSocket {
  constructor(url) {
    super(url, token ? ["hotfolio", `bearer.${token}`] : ["hotfolio"]);
    this.addEventListener("close", (event) => {
      byId("reason").textContent = event.reason || "The dashboard has ended, or cannot be reached.";
      byId("closed").hidden = false;
      byId("again").focus();
    });
  }
};

async function isLetIn(shown) {
  const headers = shown ? { Authorization: `Bearer ${shown}` } : {};
  const answer = await fetch("/dashboard/check", { headers });
  if (!answer.ok && answer.status !== 401) {
    throw new Error((await answer.json()).detail);
  }
  return answer.ok;
}

async function open() {
  byId("ask").hidden = true;
  const terminal = byId("terminal");
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  terminal.dataset.sessionWebsocketUrl = `${scheme}//${location.host}/dashboard/terminal`;
  // A cell is measured once, so its letters have to be there.
  await Promise.all([document.fonts.load("16px 'Roboto Mono'"), document.fonts.load("bold 16px 'Roboto Mono'")]);
  const script = document.createElement("script");
  script.src = "/dashboard/textual.js";
  script.onload = () => {
    window.onload(); // which it sets
    terminal.querySelector("textarea").focus();
  };
  document.head.append(script);
}

async function begin(shown) {
  if (await isLetIn(shown)) {
    token = shown;
    if (shown) sessionStorage.setItem(KEPT, shown);
    await open();
    return true;
  }
  sessionStorage.removeItem(KEPT);
  byId("ask").hidden = false;
  byId("token").focus();
  return false;
}

byId("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const shown = byId("token").value.trim();
  try {
    byId("problem").textContent = (await begin(shown)) ? "" : "That is not the token.";
  } catch (error) {
    byId("problem").textContent = error.message;
  }
});
byId("again").addEventListener("click", () => location.reload());
begin(sessionStorage.getItem(KEPT)).catch((error) => {
  byId("reason").textContent = error.message;
  byId("closed").hidden = false;
});
