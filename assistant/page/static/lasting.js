// What outlasts its moment: the page over a server that goes away and comes back, Gradio's own
// words in the page's language, and a paste that is longer than a question.
// Runs in one function with the other scripts of the page.

// A line above the question box that stays until what it tells is over.
function lastingLine(id) {
  document.querySelector(`#${id}`)?.remove();
  const line = made("div", { id, className: "lasting", role: "status" });
  return {
    tell(text, name, act) {
      if (!line.isConnected) document.querySelector("#question")?.before(line);
      const button = act && made("button", { type: "button", textContent: name, onclick: act });
      line.replaceChildren(made("span", { textContent: text }), ...(button ? [button] : []));
    },
    clear: () => line.replaceChildren(),
  };
}

// The server. Each start of it has another id, and knows nothing of a session of the one before.

const LOOK_EVERY = 3000; // milliseconds
const PATIENCE = 8000;
const reach = lastingLine("connection");
let connection = ""; // "gone": out of reach, "restarted", "signed out"; "" when all is well

// Once a stream of its own has broken, Gradio sends nothing more: it waits for the server, and reloads.
const givenUp = () =>
  [...document.querySelectorAll(".toast-wrap .toast-title")].some((title) => title.textContent.trim() === "Connection Lost");

async function lookAtServer() {
  try {
    const found = await fetch("gradio_api/app_id", {
      cache: "no-store",
      redirect: "manual", // a proxy sends to its own sign-in
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (found.status === 401 || found.type === "opaqueredirect") return "signed out";
    if (!found.ok) return "gone";
    if ((await found.json()).app_id !== window.gradio_config.app_id) return "restarted";
    return givenUp() ? "gone" : "";
  } catch {
    return "gone";
  }
}

// A reload loses nothing where the browser keeps things, and no dialog is being filled in. Servers
// that take turns under one address would have the page reload for ever: once a minute is enough.
const RELOADED = "assistant.reloaded";
function reloads() {
  if (document.querySelector("dialog[open]") || Date.now() - Number(recall(RELOADED)) < 60_000) return false;
  try {
    sessionStorage.setItem(RELOADED, Date.now());
  } catch {
    return false;
  }
  location.reload();
  return true;
}

let looking = null;
const look = () => (looking ??= lookAtServer().then(heard).finally(() => (looking = null)));
function heard(found) {
  if ((found === "restarted" && reloads()) || found === connection) return;
  const label = words();
  const reload = () => location.reload();
  connection = found;
  if (found === "gone") reach.tell(label.out_of_reach);
  else if (found === "restarted") reach.tell(label.restarted, label.reload, reload);
  else if (found === "signed out") reach.tell(label.signed_out, label.sign_in, reload);
  else reach.clear(), say(label.regained);
}
const lookIfSeen = () => document.hidden || look();
setInterval(lookIfSeen, LOOK_EVERY);
document.addEventListener("visibilitychange", () => {
  lookIfSeen();
  if (!document.hidden && !exchanges.length) trigger("changed"); // others may add articles
});
for (const kind of ["online", "offline"]) window.addEventListener(kind, look);

// Nothing is sent to a server that is not there, or that would begin another conversation.
const SENDS = "#question button, #messages .example, #messages .instead, #messages .act-again, #messages .act-unlimited";
function holdBack(event) {
  const sends = event.type === "click" ? event.target.closest(SENDS) : event.key === "Enter" && !event.shiftKey && event.target === box();
  if (!connection || !sends) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  look();
}
for (const kind of ["click", "keydown"]) window.addEventListener(kind, holdBack, true);

// Gradio tells faults in a corner, in English or the browser's language: panels.css hides that, and
// they are told here.
async function toldByGradio() {
  const before = connection;
  await look();
  if (!connection && !before) say(words().failed);
}

// Words of Gradio's own that are no labels of its components.
function reword() {
  for (const input of document.querySelectorAll("#settings input[aria-label*=' for ']"))
    input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/^(number input|range slider) for /, ""));
  const newest = document.querySelector("#messages .scroll-down-button-container button");
  const label = words();
  if (newest && label.newest && newest.title !== label.newest) newest.title = label.newest;
}

// A paste that is longer than a question: the browser cuts it without a word.

const cut = lastingLine("cut");
document.addEventListener(
  "paste",
  (event) => {
    const field = event.target;
    if (field !== box() || field.maxLength < 0) return;
    const text = (event.clipboardData?.getData("text/plain") || "").replace(/\r\n?/g, "\n");
    const before = field.value;
    const room = field.maxLength - before.length + (field.selectionEnd - field.selectionStart);
    if (text.length <= room) return;
    const label = words();
    const told = (number) => number.toLocaleString(document.documentElement.lang);
    const count = [...text.slice(Math.max(0, room))].length;
    const line = label.cut.replace("{most}", told(field.maxLength)).replace("{count}", told(count));
    const add = offers.changes && (() => addPasted(text, before));
    setTimeout(() => cut.tell(line, label.as_article, add)); // once it is in the box
  },
  true,
);
document.addEventListener("input", (event) => {
  if (event.target === box() && event.target.value.length < event.target.maxLength) cut.clear();
});
// The question box goes back to what it was before.
function addPasted(text, before) {
  cut.clear();
  box().value = before;
  box().dispatchEvent(new Event("input", { bubbles: true }));
  typed.text = text;
  pasted();
}

new MutationObserver((changes) => {
  reword();
  if (!box()?.value) cut.clear(); // it was sent
  const added = changes.flatMap((change) => [...change.addedNodes]);
  if (added.some((node) => node.matches?.(".toast-item, .toast-body, :has(> .toast-body)"))) toldByGradio();
}).observe(element.closest(".gradio-container"), {
  subtree: true,
  childList: true,
  attributeFilter: ["aria-label", "title"],
});
