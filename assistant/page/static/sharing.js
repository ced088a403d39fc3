// An answer shared by a link: the exchange, packed, in the fragment, which browsers send to nobody.
// Runs in one function with the other scripts of the page.

const SHARED = "#answer=";
const PACKING = "deflate-raw";
const LONGEST_LINK = 60_000; // characters; what links are sent through cuts longer ones
const MOST_UNPACKED = 2_000_000; // bytes; a short link may unpack to any length
// What a link holds of an exchange: nothing of who shares it, and nothing that is found again here.
const TELLING = ["question", "answer", "language", "confidence", "citations", "short", "claims", "query", "closest", "llm", "fault", "usage", "seconds", "filter", "dates", "as_of", "kind"];

const page = Math.random(); // names this visit in the browser's history
let unkept = false; // the conversation is a shared answer that nobody has gone on from

function packs() {
  try {
    return Boolean(new CompressionStream(PACKING) && new DecompressionStream(PACKING));
  } catch {
    return false;
  }
}

async function through(stream, bytes, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > most) throw new RangeError("too long");
    parts.push(part.value);
  }
  return new Blob(parts);
}

async function packed(exchange) {
  const told = JSON.stringify(Object.fromEntries(TELLING.map((name) => [name, exchange[name]])));
  const blob = await through(new CompressionStream(PACKING), told, Infinity);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function unpacked(text) {
  if (text.length > LONGEST_LINK) throw new RangeError("too long");
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  const blob = await through(new DecompressionStream(PACKING), bytes, MOST_UNPACKED);
  const found = JSON.parse(await blob.text());
  if (!found.question || typeof found.question !== "string" || typeof found.answer !== "string") throw new TypeError("no exchange");
  return Object.fromEntries(TELLING.map((name) => [name, found[name]]));
}

async function shared(number) {
  const label = words();
  if (!packs()) return say(label.link_unsupported);
  const url = new URL(document.baseURI);
  url.hash = SHARED + (await packed(await answered(number)));
  if (url.hash.length > LONGEST_LINK) return say(label.link_too_long);
  say((await toClipboard(url.href)) ? label.link_copied : label.not_copied);
}

// Shows the answer of the address; false where it has none. It belongs to no conversation yet.
async function openShared() {
  try {
    exchanges = [{ ...(await unpacked(location.hash.slice(SHARED.length))), shared: true }];
  } catch {
    leaveShared();
    say(packs() ? words().link_broken : words().link_unsupported);
    return false;
  }
  opened = "";
  unkept = true;
  history.replaceState({ shown: page }, "", location.href);
  trigger("restore", { exchanges, opening: true });
  return true;
}

// Once one goes on asking, the shared answer begins a conversation of one's own.
async function keepShared() {
  if (!unkept) return;
  leaveShared();
  opened = await keeper().add("", exchanges[0]);
}

function leaveShared() {
  unkept = false;
  if (location.hash.startsWith(SHARED)) history.replaceState(null, "", location.pathname + location.search);
}

// A link may be opened in a page that is open; Back to one that this page has shown changes nothing.
window.addEventListener("hashchange", () => {
  if (location.hash.startsWith(SHARED) && history.state?.shown !== page) location.reload();
});
