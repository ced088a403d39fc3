// The panels around the conversation: kept conversations, options, dialogs, adding articles.
// Runs in one function with chat.js and keeping.js.

const words = () => JSON.parse(element.querySelector(".view")?.dataset.words || "{}");

function made(tag, properties = {}, ...children) {
  const { dataset, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  Object.assign(node.dataset, dataset);
  node.append(...children);
  return node;
}

// One line for everyone, screen readers included, that goes away by itself.
document.querySelector("#said")?.remove();
const said = made("div", { id: "said", role: "status" });
panes.append(said);
let saidFor = 0;
function say(line) {
  said.textContent = line;
  clearTimeout(saidFor);
  saidFor = setTimeout(() => (said.textContent = ""), 6000);
}

// A dialog of the browser's own: it keeps the focus inside and Escape closes it.
function ask(title, fields, go, cancel) {
  return new Promise((resolve) => {
    const form = made("form", { method: "dialog" });
    const buttons = made(
      "div",
      { className: "buttons" },
      // No submit button: that would be the one that the Enter key presses.
      made("button", { type: "button", textContent: cancel, onclick: () => dialog.close("") }),
      made("button", { value: "go", textContent: go, className: "go" }),
    );
    form.append(made("h2", { id: "dialog-title", textContent: title }), ...fields, buttons);
    const dialog = made("dialog", { className: "ours" }, form);
    dialog.setAttribute("aria-labelledby", "dialog-title");
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "go" ? new FormData(form) : null);
      dialog.remove();
    });
    panes.append(dialog);
    dialog.showModal();
  });
}

// The drawers.

function toggle(name, open) {
  // An attribute: the component's classes are Gradio's to write.
  const on = document.querySelector(`#${name}`).toggleAttribute("data-open", open);
  document.querySelector(`#open-${name}`)?.setAttribute("aria-expanded", String(on));
  return on;
}

async function list() {
  const drawer = document.querySelector("#side .drawer");
  if (!drawer) return;
  const place = drawer.querySelector(".conversations");
  const search = drawer.querySelector(".find").value;
  let found = [];
  try {
    found = await keeper().list(search);
  } catch (error) {
    say(error.message);
  }
  const label = words();
  const rows = found.map((it) => {
    const title = made("button", { type: "button", className: "open", textContent: it.title });
    if (it.id === opened) title.setAttribute("aria-current", "true");
    const rename = made("button", { type: "button", className: "rename", textContent: "✎", title: label.rename });
    rename.setAttribute("aria-label", `${label.rename}: ${it.title}`);
    const remove = made("button", { type: "button", className: "delete", textContent: "×", title: label.delete });
    remove.setAttribute("aria-label", `${label.delete}: ${it.title}`);
    return made("li", { dataset: { id: it.id, title: it.title } }, title, rename, remove);
  });
  place.replaceChildren(...(rows.length ? rows : [made("li", { className: "meta", textContent: search ? label.none : label.empty })]));
  for (const button of drawer.querySelectorAll(".export")) button.disabled = !exchanges.some(Boolean);
}

async function actOnConversation(button) {
  const { id, title } = button.closest("li").dataset;
  const label = words();
  if (button.matches(".open")) {
    await openConversation(id);
    if (STACKED.matches) toggle("side", false);
  } else if (button.matches(".rename")) {
    const name = made("input", { name: "title", value: title, maxLength: 120, required: true });
    const field = made("label", {}, label.title, name);
    const given = await ask(label.rename, [field], label.rename, label.cancel);
    if (given?.get("title").trim()) await keeper().rename(id, given.get("title").trim());
  } else if (await ask(label.delete_question, [made("p", { textContent: title })], label.delete, label.cancel)) {
    await keeper().remove(id);
    if (id === opened) document.querySelector("#fresh").click();
  }
  await list();
}

// What was read is not part of a card or an opinion, and the largest part of an exchange.
const withoutHits = (exchange) => ({ ...exchange, hits: [] });

async function exported(suffix) {
  const answers = exchanges.filter(Boolean).map(withoutHits);
  const response = await fetch(`${API}/cards`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ answers, suffix }),
  });
  if (!response.ok) throw new Error((await response.json()).detail);
  const address = URL.createObjectURL(await response.blob());
  made("a", { href: address, download: `assistant${suffix}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// What can be done with an answer.

async function copied(number) {
  const it = await answered(number);
  const label = words();
  const place = (c) => {
    const url = new URL(document.baseURI);
    url.hash = `#article=${encodeURIComponent(c.article_id)}&start=${c.start}&end=${c.end}`;
    return url.href;
  };
  const sources = it.citations.map((c) => {
    const about = it.about?.[c.article_id] || {};
    const facts = [c.title, about.date, about.source, place(c)].filter(Boolean);
    return `[${c.number}] “${c.quote}” — ${facts.join(", ")}`;
  });
  const text = [it.answer, ...(sources.length ? ["", `${label.sources}:`, ...sources] : [])].join("\n");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = made("textarea", { value: text }); // over plain http there is no clipboard
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return say(label.not_copied);
  }
  say(label.copied);
}

async function judged(number, opinion) {
  const body = { answer: withoutHits(await answered(number)), opinion };
  const label = words();
  if (opinion === "bad") {
    const reasons = ["should refuse", "should answer", "wrong sentence", "other"].map((value, i) =>
      made("label", { className: "reason" }, made("input", { type: "radio", name: "reason", value, checked: i === 3 }), label[value]),
    );
    const area = (name) => made("label", {}, label[name], made("textarea", { name, rows: 2, maxLength: 5000 }));
    const given = await ask(label.why, [...reasons, area("correction"), area("comment")], label.send, label.cancel);
    if (!given) return;
    Object.assign(body, Object.fromEntries(given));
  }
  await call("POST", "feedback", body);
  say(label.thanks);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  try {
    if (button.matches("#messages .instead")) trigger("ask", { question: button.value });
    else if (button.matches("#messages .act-again")) trigger("again", { number: Number(button.value) });
    else if (button.matches("#messages .act-copy")) await copied(Number(button.value));
    else if (button.matches("#messages .act-good")) await judged(Number(button.value), "good");
    else if (button.matches("#messages .act-bad")) await judged(Number(button.value), "bad");
    else if (button.matches("#open-side")) toggle("side") && (await list());
    else if (button.matches("#open-settings")) toggle("settings");
    else if (button.matches("#open-theme")) remember("theme", document.body.classList.toggle("dark") ? "dark" : "light");
    else if (button.matches("#side .close")) toggle("side", false), document.querySelector("#open-side").focus();
    else if (button.matches("#side .export")) await exported(button.value);
    else if (button.matches("#side .conversations button")) await actOnConversation(button);
    else if (button.matches("#reader .remove")) await removed(button);
  } catch (error) {
    say(error.message || words().failed);
  }
});
let listing = 0;
document.addEventListener("input", (event) => {
  if (!event.target.matches("#side .find")) return;
  clearTimeout(listing);
  listing = setTimeout(list, 200);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  for (const name of ["side", "settings"])
    if (document.querySelector(`#open-${name}`)?.getAttribute("aria-expanded") === "true") {
      toggle(name, false);
      document.querySelector(`#open-${name}`).focus();
    }
});
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("#settings, #open-settings, ul.options")) toggle("settings", false);
});

// Articles, one request each: the others go on where one is refused.

const taken = (name) => element.querySelector(".adding input").accept.split(",").some((suffix) => name.toLowerCase().endsWith(suffix));
const MOST_FILES = 50; // at a time
let adding = false;

async function added(files) {
  const label = words();
  const place = () => element.querySelector(".uploads");
  if (adding || !files.length) return;
  if (files.length > MOST_FILES) return say(label.too_many.replace("{count}", MOST_FILES));
  adding = true;
  const rows = [];
  const row = (file, state, kind = "") => {
    const line = made("li", { className: kind, textContent: `${file.name}: ${state}` });
    rows.push(line);
    return line;
  };
  const show = () => place()?.replaceChildren(...rows);
  try {
    for (const [i, file] of [...files].entries()) {
      const line = row(file, `${label.adding} (${label.progress.replace("{done}", i + 1).replace("{total}", files.length)})`, "doing");
      show();
      try {
        if (!taken(file.name)) throw new Error(label.wrong_type);
        const told = await call("POST", `articles?name=${encodeURIComponent(file.name)}`, file, "application/octet-stream");
        line.textContent = [`${file.name}: ${told.articles.length ? label.added : label.known}`, ...told.notes].join(" · ");
        line.className = "done";
      } catch (error) {
        line.textContent = `${file.name}: ${error.message || label.failed}`;
        line.className = "failed";
      }
    }
  } finally {
    adding = false;
    shown = rows;
    trigger("find", { words: element.querySelector("input.find")?.value || "" });
  }
}

// The list is made again after articles were added: what was said of them stays.
let shown = [];
watch("value", () => {
  for (const name of ["side", "settings"]) {
    const on = document.querySelector(`#${name}`).hasAttribute("data-open");
    document.querySelector(`#open-${name}`)?.setAttribute("aria-expanded", String(on));
  }
  if (document.querySelector("#side[data-open] .conversations:empty")) list();
  element.querySelector(".uploads")?.replaceChildren(...shown);
  if (!location.hash.startsWith(PLACE)) return;
  shown = [];
});

async function removed(button) {
  const label = words();
  const title = button.parentElement.querySelector(".title").textContent;
  const sure = await ask(label.remove_question, [made("p", { textContent: title })], button.textContent, label.cancel);
  if (!sure) return;
  const told = await call("DELETE", `articles/${encodeURIComponent(button.value)}`);
  if (told.file_stays) say(label.file_stays);
  trigger("find", { words: element.querySelector("input.find")?.value || "" });
}

element.addEventListener("change", (event) => {
  if (event.target.type === "file") added(event.target.files);
});
for (const kind of ["dragover", "dragleave", "drop"])
  pane.addEventListener(kind, (event) => {
    const area = element.querySelector(".adding");
    if (!area || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    area.classList.toggle("over", kind === "dragover");
    if (kind === "drop") added(event.dataTransfer.files);
  });

// What this browser prefers, and the conversation that was open.

const theme = remembered("theme");
if (theme) document.body.classList.toggle("dark", theme === "dark");
document.addEventListener("change", (event) => {
  if (event.target.closest("#language")) remember("language", event.target.value);
});
function restored() {
  if (!opened) return;
  openConversation(opened).catch(window.assistantLeaves).then(list);
}
if (words().copied) restored();
else {
  let once = false;
  watch("value", () => once || ((once = true), restored()));
}
mend();
