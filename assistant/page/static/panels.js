// The panels around the conversation: kept conversations, options, dialogs, adding articles.
// Runs in one function with the other scripts of the page.

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
    // What is missing is said in the page's language, not in the browser's.
    const mind = ({ target }) => target.setCustomValidity(target.validity.valueMissing ? words().missing : "");
    for (const field of form.querySelectorAll("[required]")) (field.oninvalid = mind), (field.oninput = mind);
    panes.append(dialog);
    dialog.showModal();
  });
}

// The drawers.

function toggle(name, open) {
  // An attribute: the component's classes are Gradio's to write.
  const on = document.querySelector(`#${name}`).toggleAttribute("data-open", open);
  document.querySelector(`#open-${name}`)?.setAttribute("aria-expanded", String(on));
  if (!on) uncover();
  else if (STACKED.matches) cover();
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
  for (const button of drawer.querySelectorAll(".export")) button.disabled = !exchanges.some(answeredHere);
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

// What can be done with an answer.

async function copied(button) {
  const it = await answered(Number(button.value));
  const limits = button.closest(".reply")?.querySelector(".limited")?.textContent.trim();
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
  const text = [...(limits ? [limits] : []), it.answer, ...(sources.length ? ["", `${label.sources}:`, ...sources] : [])].join("\n");
  say((await toClipboard(text)) ? label.copied : label.not_copied);
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = made("textarea", { value: text }); // over plain http there is no clipboard
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  try {
    if (button.matches("#messages .instead")) trigger("ask", { question: button.value });
    else if (button.matches("#messages .act-again")) askAgain(button.value);
    else if (button.matches("#messages .act-unlimited")) askAgain(button.value, "", true);
    else if (button.matches("#messages .edit")) await edited(button);
    else if (button.matches("#messages .versions button")) step(button);
    else if (button.matches("#messages .act-copy")) await copied(button);
    else if (button.matches("#messages .act-share")) await shared(Number(button.value));
    else if (button.matches("#messages .act-good")) await judged(Number(button.value), "good");
    else if (button.matches("#messages .act-bad")) await judged(Number(button.value), "bad");
    else if (button.matches("#open-side")) toggle("side") && (await list());
    else if (button.matches("#open-settings")) toggle("settings");
    else if (button.matches("#open-articles")) (followed = button), go("#articles");
    else if (button.matches("#open-theme")) remember("theme", document.body.classList.toggle("dark") ? "dark" : "light");
    else if (button.matches("#side .close")) toggle("side", false), document.querySelector("#open-side").focus();
    else if (button.matches("#side .export")) await exported(button.value);
    else if (button.matches("#side .conversations button")) await actOnConversation(button);
    else if (button.matches("#reader .remove")) await removed(button);
    else if (button.matches("#reader .more"))
      trigger("find", { words: element.querySelector("input.find").value, most: Number(button.value) });
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

// Articles, one request each: the others go on where one is refused. What comes meanwhile waits.

const MOST_FILES = 50; // at a time
const POLLED = 2000; // milliseconds: polls count among the requests of a minute
let offers = { changes: false, web_addresses: false, suffixes: [""], largest: Infinity }; // until the server says
let adding = Promise.resolve();
let busy = 0;
let shown = []; // rows: the list is made again after articles were added, what was said of them stays

const taken = (name) => offers.suffixes.some((suffix) => name.toLowerCase().endsWith(suffix));
const offer = () => element.querySelector("button.web")?.toggleAttribute("hidden", !offers.web_addresses);
const showRows = () => element.querySelector(".uploads")?.replaceChildren(...shown);
call("GET", "uploads").then((told) => ((offers = told), offer()), () => {});

// A request that tells how far it is: `tell(what, share)`, with a share from 0 to 1 where one is known.
function sent({ path, body, type }, tell) {
  const label = words();
  const mark = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  const request = new XMLHttpRequest();
  let polls = 0;
  async function poll() {
    const { done, total } = await call("GET", `uploads/${mark}`).catch(() => ({}));
    if (total && polls) tell(label.indexing, done / total);
    if (polls) polls = setTimeout(poll, POLLED);
  }
  return new Promise((resolve, reject) => {
    request.open("POST", `${API}/${path}mark=${mark}`);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.upload.onprogress = (event) => event.lengthComputable && tell(label.sending, event.loaded / event.total);
    request.upload.onload = () => {
      tell(type === "application/json" ? label.fetching : label.adding);
      polls = setTimeout(poll, POLLED / 2);
    };
    request.onload = () => {
      const told = request.response || {}; // null where a proxy answers
      if (request.status < 300) resolve(told);
      else reject(new Error(refusal(request.status, told.detail, request.getResponseHeader("Content-Language"))));
    };
    request.onerror = () => reject(new Error(label.failed));
    request.send(body);
  }).finally(() => (clearTimeout(polls), (polls = 0)));
}

// Sends `jobs`, each with a name; true when all were taken.
async function addedAll(jobs) {
  if (!jobs.length) return true;
  if (jobs.length > MOST_FILES) return say(words().too_many.replace("{count}", MOST_FILES)), false;
  if (!busy++) shown = [];
  if (!element.querySelector(".uploads")) go("#articles");
  const before = adding;
  let whole = true;
  adding = (async () => {
    await before;
    for (const [i, job] of jobs.entries()) whole = (await addedOne(job, i + 1, jobs.length)) && whole;
    busy--;
    if (location.hash.startsWith(PLACE)) say(shown.at(-1).textContent), trigger("changed"); // one is being read
    else trigger("find", { words: element.querySelector("input.find")?.value || "" });
  })();
  await adding;
  return whole;
}

async function addedOne(job, number, count) {
  const label = words();
  const which = count > 1 ? ` (${label.progress.replace("{done}", number).replace("{total}", count)})` : "";
  const percent = made("span", { className: "percent", ariaHidden: "true" }); // not read out each time
  const state = made("span");
  const line = made("li", { className: "doing" }, `${job.name}: `, state, which, percent);
  const tell = (what, share) => {
    if (state.textContent !== what) state.textContent = what;
    percent.textContent = share === undefined ? "" : ` ${Math.floor(100 * share)} %`;
  };
  shown.push(line);
  showRows();
  try {
    if (job.body.name && !taken(job.body.name)) throw new Error(label.wrong_type);
    if (job.body.size > offers.largest) throw new Error(label.too_large.replace("{most}", Math.floor(offers.largest / 1e6)));
    const told = await sent(job, tell);
    line.textContent = [`${job.name}: ${told.articles.length ? label.added : label.known}`, ...told.notes].join(" · ");
    line.className = "done";
    return true;
  } catch (error) {
    const why = error.message || label.failed; // that of the server names the file
    line.textContent = why.startsWith(job.name) ? why : `${job.name}: ${why}`;
    line.className = "failed";
    return false;
  }
}

const added = (files) => addedAll([...files].map(fileJob));

function fileJob(file) {
  const path = `articles?name=${encodeURIComponent(file.name)}&`;
  return { name: file.name, path, body: file, type: "application/octet-stream" };
}

// Text that is pasted goes as a file, so that it is read as one. What was typed stays until it is taken.
const typed = { headline: "", publisher: "", day: "", text: "", address: "" };
async function askFor(title, inputs) {
  const label = words();
  for (const [name, input] of Object.entries(inputs)) Object.assign(input, { name, value: typed[name] });
  const fields = Object.entries(inputs).map(([name, input]) => made("label", {}, label[name], input));
  const given = await ask(title, fields, label.add, label.cancel);
  for (const [name, input] of Object.entries(inputs)) typed[name] = input.value;
  return given;
}
const forget = (...names) => names.forEach((name) => (typed[name] = ""));

async function pasted() {
  const inputs = {
    headline: made("input", { required: true, maxLength: 300 }),
    publisher: made("input", { maxLength: 500 }),
    day: made("input", { type: "date" }),
    text: made("textarea", { required: true, rows: 8 }),
  };
  if (!(await askFor(words().paste, inputs))) return;
  const { headline, publisher, day, text } = typed;
  // A string of JSON is one of YAML, once nothing in it ends a line.
  const quoted = (value) => JSON.stringify(value.replace(/[\p{Cc}\p{Cs}\p{Z}]+/gu, " ").trim());
  const facts = [`title: ${quoted(headline)}`, publisher && `source: ${quoted(publisher)}`, day && `date: ${quoted(day)}`];
  const body = new File([`---\n${facts.filter(Boolean).join("\n")}\n---\n${text}`], `${headline.replace(/[\\/]/g, " ").trim()}.txt`);
  if (await addedAll([{ ...fileJob(body), name: headline.trim() }])) forget("headline", "publisher", "day", "text");
}

async function named() {
  const inputs = { address: made("input", { required: true, maxLength: 2000, inputMode: "url", placeholder: "https://" }) };
  if (!(await askFor(words().address_title, inputs))) return;
  const entered = typed.address.trim();
  const address = /^[a-z][a-z+.-]*:\/\//i.test(entered) ? entered : `https://${entered}`;
  const job = { name: address, path: "articles/web?", body: JSON.stringify({ address }), type: "application/json" };
  if (await addedAll([job])) forget("address");
}

watch("value", () => {
  for (const name of ["side", "settings"]) {
    const on = document.querySelector(`#${name}`).hasAttribute("data-open");
    document.querySelector(`#open-${name}`)?.setAttribute("aria-expanded", String(on));
  }
  if (document.querySelector("#side[data-open] .conversations:empty")) list();
  offer();
  showRows();
  if (location.hash.startsWith(PLACE) && !busy) shown = [];
});

async function removed(button) {
  const label = words();
  const title = button.parentElement.querySelector(".title").textContent;
  const sure = await ask(label.remove_question, [made("p", { textContent: title })], button.textContent, label.cancel);
  if (!sure) return;
  const told = await call("DELETE", `articles/${encodeURIComponent(button.value)}`);
  say(told.file_stays ? label.file_stays : label.removed);
  trigger("find", { words: element.querySelector("input.find")?.value || "" });
}

element.addEventListener("change", (event) => {
  if (event.target.type === "file") added(event.target.files);
});
element.addEventListener("click", (event) => {
  if (event.target.matches("button.paste")) pasted();
  else if (event.target.matches("button.web")) named();
});

// Files may be dropped anywhere. Where none are taken, the browser does not open them instead.
document.querySelector("#dropping")?.remove();
const dropping = made("div", { id: "dropping", hidden: true, ariaHidden: "true" });
panes.append(dropping);
let dragged = 0; // not every browser tells that what is dragged has left the window
for (const kind of ["dragover", "drop"])
  window.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    clearTimeout(dragged);
    const takes = offers.changes && !document.querySelector("dialog[open]");
    event.dataTransfer.dropEffect = takes ? "copy" : "none";
    dropping.hidden = !takes || kind === "drop";
    if (!dropping.hidden) dropping.textContent = words().drop_anywhere;
    dragged = setTimeout(() => (dropping.hidden = true), 500);
    if (takes && kind === "drop") added(event.dataTransfer.files);
  });

// What this browser prefers, and the conversation that was open.

const theme = remembered("theme");
if (theme) document.body.classList.toggle("dark", theme === "dark");
document.addEventListener("change", (event) => {
  if (event.target.closest("#language")) remember("language", event.target.value);
});
async function restored() {
  if (location.hash.startsWith(SHARED) && (await openShared())) return list().then(() => resume(true));
  if (!opened) return resume(false);
  openConversation(opened, true)
    .catch(window.assistantLeaves)
    .then(list)
    .then(() => resume(exchanges.length > 0));
}
if (words().copied) restored();
else {
  let once = false;
  watch("value", () => once || ((once = true), restored()));
}
mend();
