// The reader's script, run once by gr.HTML, which hands in `element`, `trigger` and `watch`.
// It passes addresses on to Python and scrolls to what comes back; it makes no markup.

const STACKED = window.matchMedia("(max-width: 900px)"); // as in chat.css
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");
const PLACE = "#article=";

// Whether the person asked for what the reader shows next. If not (an answer opening its first
// citation), neither the focus nor a phone's scroll position is taken from them.
let asked = location.hash.startsWith(PLACE);
let followed = null; // the link to go back to

const pane = element.closest("#reader-pane");
const behavior = () => (CALM.matches ? "auto" : "smooth");

function reveal() {
  const view = element.querySelector(".view");
  if (!view) return;
  const quote = view.querySelector("#quote");
  if (STACKED.matches) {
    if (asked) (quote || pane).scrollIntoView({ behavior: behavior(), block: quote ? "center" : "start" });
  } else if (quote) {
    const below = quote.getBoundingClientRect().top - pane.getBoundingClientRect().top;
    pane.scrollTo({ top: pane.scrollTop + below - pane.clientHeight / 3, behavior: behavior() });
  } else {
    pane.scrollTo({ top: 0 });
  }
  if (asked && quote) quote.focus({ preventScroll: true });
  asked = false;
}

function backToConversation() {
  const target = followed && followed.isConnected ? followed : document.querySelector("#conversation");
  target.scrollIntoView({ behavior: behavior(), block: "center" });
  target.focus({ preventScroll: true });
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
    asked = true;
    if (!pane.contains(link)) followed = link;
    if (address === location.hash) reveal();
    else location.hash = address; // fires hashchange
  }
});

window.addEventListener("hashchange", () => {
  asked = true;
  trigger("address", { address: location.hash });
});

function arrived() {
  const view = element.querySelector(".view");
  if (!view) return;
  document.documentElement.lang = view.dataset.language;
  const address = view.dataset.address;
  if (address.startsWith(PLACE) && address !== location.hash) {
    history.replaceState(history.state, "", location.pathname + location.search + address);
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

const panes = pane.parentElement; // the chatbot itself may be put into the page after this script

// gr.Chatbot names each message by its source, markup and all: read out, that drowns its text.
// What its sanitizer takes away of ours is put back: who describes whom.
function mend() {
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
    preview.hidden = true;
    pointed = null;
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
    if (mark.matches(".flag")) return pointed === mark ? clearTimeout(leaving) : showPreview(mark);
    if (event.pointerType !== "touch" || pointedBefore === mark) return hidePreview();
    event.preventDefault();
    event.stopPropagation();
    showPreview(mark);
  },
  true,
);
