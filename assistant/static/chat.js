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

watch("value", arrived);
arrived(); // if the value was there before this script

// gr.Chatbot names each message by its source, markup and all: read out, that drowns its text.
const panes = pane.parentElement; // the chatbot itself may be put into the page after this script
new MutationObserver(() => {
  const named = panes.querySelectorAll("#messages [aria-label]");
  for (const part of named) part.removeAttribute("aria-label");
}).observe(panes, { subtree: true, childList: true, attributeFilter: ["aria-label"] });
