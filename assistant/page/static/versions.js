// A question is asked again or edited, and one goes through the versions of it that came of that.
// Runs in one function with the other scripts of the page.

// Of a conversation an export has what it shows: one version of each question, in its place. Who
// wants another one turns to it first.
const exchangesShown = () =>
  [...document.querySelectorAll("#messages .act-copy")].map((it) => exchanges[Number(it.value)]).filter(Boolean);

// One answer at a time: whether none is coming, else that is said.
function free() {
  const busy = document.querySelector("#question .stop-button");
  if (busy) say(words().busy);
  return !busy;
}

function askAgain(slot, question = "", unlimited = false) {
  if (!free()) return;
  choose(slot, null);
  trigger("again", { slot, question, unlimited });
}

// Which version of a question is shown, where it is not the newest: slot → number of its exchange.
// Kept of the conversation that is open, for a reload.
function choices() {
  try {
    const { id, numbers } = JSON.parse(remembered("chosen"));
    return id === opened ? numbers : {};
  } catch {
    return {};
  }
}

const chosen = () => Object.values(choices()).filter((it) => Number.isInteger(it) && it >= 0);

function choose(slot, number) {
  const numbers = { ...choices(), [slot]: number };
  remember("chosen", JSON.stringify({ id: opened, numbers }));
}

async function edited(button) {
  if (!free()) return;
  const label = words();
  const question = made("textarea", {
    name: "question",
    value: button.closest(".user-row").querySelector(".question").innerText,
    rows: 4,
    maxLength: box().maxLength,
    required: true,
  });
  // As in the box below the conversation, unless the key ends a syllable that is being composed.
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    question.form.requestSubmit(question.form.querySelector(".go"));
  });
  const field = made("label", {}, label.edited, question);
  const given = await ask(button.title, [field], label.send, label.cancel);
  const wanted = given?.get("question").trim();
  if (wanted) askAgain(button.value, wanted);
}

// The switcher is made again with what it leads to, which takes the focus away: it goes back to the
// same button, or at an end to the other one.
const switchers = () =>
  [...document.querySelectorAll("#messages .user-row")].map((row) => row.querySelector(".versions"));
const which = (switcher) => switcher.querySelector(".which").textContent;
let stepped = null;
function step(button) {
  const row = switchers().indexOf(button.parentElement);
  stepped = { row, name: button.name, before: which(button.parentElement) };
  const number = Number(button.value);
  choose(exchanges[number]?.slot ?? "", number);
  trigger("choose", { number });
}
new MutationObserver(() => {
  const now = stepped && switchers()[stepped.row];
  if (!now || which(now) === stepped.before) return;
  const button = now.querySelector(`[name=${stepped.name}]:enabled`) || now.querySelector("button:enabled");
  if (document.activeElement === document.body) button?.focus({ preventScroll: true });
  stepped = null;
}).observe(panes, { subtree: true, childList: true });
