// The reader's script, run once by gr.HTML, which hands in `element`, `trigger` and `watch`.
// It passes addresses on to Python and scrolls to what comes back; it makes no markup.

const STACKED = window.matchMedia("(max-width: 900px)"); // as in chat.css
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");
const PLACE = "#article=";

// Whether the person asked for what the reader shows next. If not (an answer opening its first
// citation), neither the focus nor a phone's screen is taken from them.
const PLACED = location.hash; // what the page was opened at
let asked = PLACED.startsWith(PLACE) && !history.state?.beside;
let followed = null; // the link to go back to
let going = false; // the address changes because a link was followed, not by Back or Forward
// What covers a phone's page has an entry of the history to itself, which its Back leaves.
const COVERED = { covered: true };
const isCovered = () => Boolean(history.state?.covered);
let goingBack = false; // on the way back from an entry whose cover was closed otherwise
let covering = null; // the address of what opened meanwhile
function cover(address = location.hash) {
  if (goingBack) return void (covering = address);
  const entry = [COVERED, "", location.pathname + location.search + address];
  if (isCovered()) history.replaceState(...entry);
  else history.pushState(...entry);
}
// What was closed otherwise leaves its entry, unless what closed it opens something else.
function uncover() {
  setTimeout(() => {
    if (goingBack || !isCovered() || document.querySelector("[data-open], #preview:not([hidden])")) return;
    goingBack = true;
    history.back();
  }, 200);
}
if (STACKED.matches && asked && !isCovered()) {
  history.replaceState(null, "", location.pathname + location.search);
  cover(PLACED);
} else if (!asked) uncover(); // a drawer was open when the page was loaded again

const pane = element.closest("#reader-pane");
const behavior = () => (CALM.matches ? "auto" : "smooth");

// On a phone the reader covers the conversation while it is open.
const isOpen = () => pane.hasAttribute("data-open");
function openReader() {
  if (!STACKED.matches || isOpen()) return;
  pane.setAttribute("data-open", "");
}
function closeReader() {
  if (!isOpen()) return;
  pane.removeAttribute("data-open");
  if (followed?.isConnected) followed.focus({ preventScroll: true });
}

function reveal() {
  const view = element.querySelector(".view");
  if (!view) return;
  if (asked) openReader();
  const quote = view.querySelector("#quote");
  if (quote) {
    const below = quote.getBoundingClientRect().top - pane.getBoundingClientRect().top;
    pane.scrollTo({ top: pane.scrollTop + below - pane.clientHeight / 3, behavior: behavior() });
  } else {
    pane.scrollTo({ top: 0 });
  }
  if (asked && quote) quote.focus({ preventScroll: true });
  asked = false;
}

// The marker in the conversation of what the reader shows, or where the reader was opened from.
function backToConversation() {
  const marker = [...document.querySelectorAll("#messages a.cite")].findLast(
    (link) => link.getAttribute("href") === location.hash,
  );
  const target = marker || (followed?.isConnected ? followed : document.querySelector("#conversation"));
  closeReader();
  uncover();
  target.scrollIntoView({ behavior: behavior(), block: "center" });
  target.focus({ preventScroll: true });
}

// Follows an address of ours; a phone's Back then leads from the reader to the conversation.
function go(address) {
  asked = true;
  const same = address === location.hash;
  openReader(); // at once: what it shows may be the same as before
  if (STACKED.matches) cover(address);
  if (same) return reveal();
  if (STACKED.matches) return trigger("address", { address });
  going = true;
  location.hash = address; // fires popstate and hashchange
}

// A link's "#…" would be resolved against <base>, which drops the query of the page's own address.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const address = link.getAttribute("href");
  if (address === "#conversation") {
    event.preventDefault();
    backToConversation();
  } else if (address === "#articles" || address.startsWith(PLACE)) {
    event.preventDefault();
    if (!pane.contains(link)) followed = link;
    go(address);
  }
});

window.addEventListener("popstate", () => {
  if (goingBack) {
    goingBack = false;
    if (covering !== null) cover(covering);
    covering = null;
    return;
  }
  if (going || isCovered()) return;
  hidePreview();
  closeReader();
  for (const name of ["side", "settings"]) toggle(name, false);
});
window.addEventListener("hashchange", () => {
  asked = going || !STACKED.matches;
  going = false;
  trigger("address", { address: location.hash });
});

function arrived() {
  const view = element.querySelector(".view");
  if (!view) return;
  document.documentElement.lang = view.dataset.language;
  const address = view.dataset.address;
  const differs = address && address !== location.hash;
  if (differs && (address.startsWith(PLACE) || location.hash.startsWith(PLACE))) {
    const beside = STACKED.matches && !isOpen(); // a phone loaded again shows the answer, not this
    history.replaceState(beside ? { beside } : history.state, "", location.pathname + location.search + address);
  }
  reveal();
}

// What was typed into the search of the articles stays, though the list around it is made again.
function keepSearch(before) {
  const now = element.querySelector("input.find");
  if (!before || !now) return;
  now.value = before.value;
  if (before.focused) {
    now.focus({ preventScroll: true });
    now.setSelectionRange(now.value.length, now.value.length);
  }
}

let search = null;
let waiting = 0;
element.addEventListener("input", (event) => {
  if (!event.target.matches("input.find")) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => trigger("find", { words: event.target.value }), 250);
});
element.addEventListener("focusout", () => (search = null));
for (const kind of ["input", "focusin"])
  element.addEventListener(kind, (event) => {
    if (event.target.matches("input.find")) search = event.target;
  });

watch("value", () => {
  keepSearch(search && { value: search.value, focused: true });
  arrived();
});
arrived(); // if the value was there before this script

// Find in the article: its matches are lit without touching its markup; accents do not count.
const FOUND = "found";
const plain = (text) =>
  [...text.toLowerCase()]
    .map((c) => {
      const bare = c.normalize("NFD").replace(/\p{M}/gu, "").replace("đ", "d");
      return bare.length === c.length ? bare : c;
    })
    .join("");
function light(words) {
  const wanted = plain(words.trim());
  const ranges = [];
  const texts = document.createTreeWalker(element.querySelector(".text"), NodeFilter.SHOW_TEXT);
  while (wanted && texts.nextNode()) {
    const text = plain(texts.currentNode.data);
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(texts.currentNode, at);
      range.setEnd(texts.currentNode, at + wanted.length);
      ranges.push(range);
    }
  }
  CSS.highlights?.set(FOUND, new Highlight(...ranges));
  return ranges;
}
let lit = [];
let litAt = 0;
function showLit() {
  lit[litAt]?.startContainer.parentElement.scrollIntoView({ behavior: behavior(), block: "center" });
}
element.addEventListener("input", (event) => {
  if (!event.target.matches(".find-inside")) return;
  lit = light(event.target.value);
  litAt = 0;
  showLit();
  if (event.target.value.trim()) say(words().found.replace("{count}", lit.length));
});
element.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches(".find-inside") || !lit.length) return;
  litAt = (litAt + (event.shiftKey ? lit.length - 1 : 1)) % lit.length;
  showLit();
});

// What was being typed, and what was being answered, survive a reload of this tab.
const KEPT_DRAFT = "assistant.draft";
const KEPT_RUNNING = "assistant.running";
const box = () => document.querySelector("#question textarea");
function recall(name) {
  try {
    return sessionStorage.getItem(name) || "";
  } catch {
    return ""; // storage is switched off
  }
}
// The question that is being answered, and its slot: a new one, or one with other versions.
function answering() {
  const at = [...document.querySelectorAll("#messages .reply")].findIndex((it) => !it.querySelector(".foot, .fault"));
  if (at < 0) return null;
  const question = document.querySelectorAll("#messages .question")[at]?.innerText;
  const limits = document.querySelectorAll("#messages .reply")[at].querySelector("[name=limits]")?.value;
  return question && { question, limits, slot: document.querySelectorAll("#messages .edit")[at].value };
}
window.addEventListener("pagehide", () => {
  try {
    sessionStorage.setItem(KEPT_DRAFT, box()?.value || "");
    sessionStorage.setItem(KEPT_RUNNING, JSON.stringify(answering() || unasked));
  } catch {
    // likewise
  }
});
function type(text) {
  box().value = text;
  box().dispatchEvent(new Event("input", { bubbles: true }));
}
// What was typed into the outline's box (skeleton.html) while the page was still coming. What was
// typed last may be in the page's own box already, which takes the focus when it comes.
function takeOver() {
  if (!box()) return requestAnimationFrame(takeOver);
  const early = document.querySelector("#early");
  if (early && !early.readOnly && early.value) type(early.value + box().value);
  if (document.activeElement === early) box().focus();
  if (early?.readOnly) unasked = JSON.parse(recall(KEPT_RUNNING) || "null");
  document.querySelector("#skeleton")?.remove();
}
// Once the kept conversation is shown again, if there is one: a server that has just started may
// take its time for that. Of a slot that was not kept Python makes a new one, at the end.
let unasked = JSON.parse(recall(KEPT_RUNNING) || "null");
takeOver();
function resume(kept) {
  const draft = recall(KEPT_DRAFT);
  if (draft && box() && !box().value) type(draft);
  let tries = 0;
  const again = () => {
    const missing = kept && !document.querySelector("#messages .question");
    if (missing && tries++ < 600) return setTimeout(again, 100);
    trigger("again", unasked);
    sessionStorage.removeItem(KEPT_RUNNING);
    unasked = null;
  };
  if (unasked) again();
}

// Escape stops an answer that is coming.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open], [data-open]")) return;
  document.querySelector("#question .stop-button")?.click();
});

// A question that was just asked goes to the top, so that its answer is read from its first line.
// As a version it may be in any row: the newest exchange has the highest number.
let questions = 0;
let newest = -1;
function toTop() {
  const rows = [...document.querySelectorAll("#messages .user-row")];
  // A row may be there a moment before its question.
  const numbers = rows.map((row) => Number(row.querySelector(".question")?.id.slice("question-".length) ?? -1));
  const highest = Math.max(-1, ...numbers);
  const more = rows.length > questions;
  const row = more ? rows.at(-1) : highest > newest ? rows[numbers.indexOf(highest)] : undefined;
  const area = row?.closest(".bubble-wrap");
  if (area)
    requestAnimationFrame(() => {
      const below = row.getBoundingClientRect().top - area.getBoundingClientRect().top;
      area.scrollTo({ top: area.scrollTop + below - 12, behavior: behavior() });
    });
  questions = rows.length;
  newest = rows.length ? Math.max(newest, highest) : -1;
}

// What was read for an answer stays open when the answer is drawn again, as with its suggestions.
const unfolded = new Set(); // the questions, by their ids, whose answers show it
const questionOf = (part) =>
  document.querySelectorAll("#messages .question")[
    [...document.querySelectorAll("#messages .reply")].indexOf(part.closest(".reply"))
  ]?.id;
document.addEventListener("click", (event) => {
  const list = event.target.closest("#messages .read summary")?.parentElement;
  if (!list) return;
  // Before it opens or closes, and at once: a "toggle" may come when it is drawn again already.
  if (list.open) unfolded.delete(questionOf(list));
  else unfolded.add(questionOf(list));
});
function unfold() {
  if (!document.querySelector("#messages .question")) unfolded.clear();
  for (const list of document.querySelectorAll("#messages .read:not([open])"))
    list.open = unfolded.has(questionOf(list));
}

const panes = pane.parentElement; // the chatbot itself may be put into the page after this script

// gr.Chatbot names each message by its source, markup and all: read out, that drowns its text.
// What its sanitizer takes away of ours is put back: who describes whom.
function mend() {
  toTop();
  unfold();
  for (const part of panes.querySelectorAll("#messages [aria-label]")) part.removeAttribute("aria-label");
  panes.querySelector("#messages .examples[role=list]")?.removeAttribute("role"); // of buttons
  for (const [i, reply] of panes.querySelectorAll("#messages .reply").entries()) {
    for (const part of reply.querySelectorAll(".previews > div:not([id])"))
      part.id = `preview-${i}-${part.className}`;
    for (const mark of reply.querySelectorAll(".cite:not([aria-describedby]), .flag:not([aria-describedby])"))
      if (previewOf(mark)) mark.setAttribute("aria-describedby", previewOf(mark).id);
  }
}
new MutationObserver(mend).observe(panes, {
  subtree: true,
  childList: true,
  attributeFilter: ["aria-label"],
});

// The preview of a marker, or why a sentence is flagged: a copy of what the answer holds hidden.

const preview = document.createElement("div");
preview.id = "preview";
preview.setAttribute("aria-hidden", "true"); // the marker's description says it already
preview.hidden = true;
document.querySelector("#preview")?.remove();
panes.append(preview);
let pointed = null; // the marker that the preview is of
let leaving = 0;

function previewOf(mark) {
  const name = mark.matches(".flag") ? `claim-${mark.value}` : `cite-${parseInt(mark.textContent.slice(1))}`;
  return mark.closest(".reply")?.querySelector(`.previews > .${name}`);
}

function showPreview(mark) {
  clearTimeout(leaving);
  const text = previewOf(mark);
  if (!text || pointed === mark) return;
  pointed = mark;
  preview.className = mark.matches(".flag") ? "of-flag" : "of-cite";
  preview.innerHTML = text.innerHTML;
  // What is hidden from screen readers takes no focus: Enter on the flag follows the link in it.
  for (const link of preview.querySelectorAll("a")) link.tabIndex = -1;
  preview.hidden = false;
  placePreview();
}

function placePreview() {
  const at = pointed.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  const left = Math.min(Math.max(8, at.left - 24), room - preview.offsetWidth - 8);
  const above = at.top - preview.offsetHeight - 8;
  const fits = at.bottom + 8 + preview.offsetHeight < window.innerHeight - 8;
  preview.style.left = `${Math.max(8, left)}px`;
  preview.style.top = `${fits ? at.bottom + 8 : Math.max(8, above)}px`;
}

function hidePreview(after = 0) {
  clearTimeout(leaving);
  leaving = setTimeout(() => {
    const covered = !preview.hidden && STACKED.matches;
    preview.hidden = true;
    pointed = null;
    if (covered) uncover();
  }, after);
}

const MARKS = "#messages .cite, #messages .flag";
panes.addEventListener("pointerover", (event) => {
  const mark = event.target.closest(MARKS);
  if (mark && event.pointerType !== "touch") showPreview(mark);
  else if (preview.contains(event.target)) clearTimeout(leaving); // it may be moved into
});
panes.addEventListener("pointerout", (event) => {
  if (event.pointerType !== "touch" && (event.target.closest(MARKS) || preview.contains(event.target)))
    hidePreview(150);
});
panes.addEventListener("focusin", (event) => {
  const mark = event.target.closest(MARKS);
  if (mark && mark.matches(":focus-visible")) showPreview(mark);
});
panes.addEventListener("focusout", (event) => event.target.closest(MARKS) && hidePreview());
document.addEventListener("keydown", (event) => event.key === "Escape" && hidePreview());
document.addEventListener("scroll", () => pointed && placePreview(), { capture: true, passive: true });

// A finger cannot hover: its first tap shows the preview, the next one on the marker opens it.
let pointedBefore = null; // a tap may focus the marker, which shows its preview
panes.addEventListener("pointerdown", () => (pointedBefore = pointed), true);
panes.addEventListener(
  "click",
  (event) => {
    const mark = event.target.closest(MARKS);
    if (!mark) return hidePreview();
    const touched = event.pointerType === "touch";
    if (touched && STACKED.matches && pointedBefore !== mark) cover();
    if (mark.matches(".flag")) {
      const near = event.detail === 0 && previewOf(mark)?.querySelector("a.near"); // by key
      if (near) return (followed = mark), go(near.getAttribute("href"));
      return pointed === mark ? clearTimeout(leaving) : showPreview(mark);
    }
    if (!touched || pointedBefore === mark) return hidePreview();
    event.preventDefault();
    event.stopPropagation();
    showPreview(mark);
  },
  true,
);
