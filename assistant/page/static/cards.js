// Cards: a conversation as a file to keep, and whether such a file is true.
// Runs in one function with the other scripts of the page.

// A card says what was answered here; what came by a link was not.
const answeredHere = (exchange) => exchange && !exchange.shared;

async function exported(suffix) {
  const kept = opened ? await keeper().get(opened) : null;
  const response = await fetch(`${API}/cards`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ answers: exchangesShown().filter(answeredHere).map(withoutHits), suffix, title: kept?.title || "" }),
  });
  if (!response.ok) throw new Error(response.status === 413 ? words().conversation_too_large : refusal(response.status));
  const address = URL.createObjectURL(await response.blob());
  const [, name] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("content-disposition"));
  made("a", { href: address, download: decodeURIComponent(name) }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

async function checked(file) {
  const label = words();
  const response = await fetch(`${API}/cards/verify?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  });
  const refused = { 413: label.card_too_large, 422: label.not_a_card.replace("{name}", () => file.name) };
  if (!response.ok) throw new Error(refused[response.status] || label.failed);
  const found = await response.json();
  const fields = [
    made("p", { className: "file", textContent: file.name }),
    made("p", { className: found.sound ? "verdict sound" : "verdict", textContent: verdict(found, label) }),
    made("ol", { className: "findings" }, ...found.citations.map((it) => finding(it, label))),
  ];
  if (await ask(label.check_result, fields, label.check_another, label.close)) document.querySelector("#side .checking input").click();
}

function verdict({ intact, sealed, citations }, label) {
  const all = citations.length;
  const count = citations.filter((it) => it.sound).length;
  const whole = (all ? "sound" : "bare") + (sealed ? "" : "_unsealed");
  const name = !intact ? "edited" : count < all ? "changed" : whole;
  return label[`verdict_${name}`].replace("{count}", count).replace("{all}", all);
}

const dayOf = (day) => new Date(day).toLocaleDateString(document.querySelector(".view").dataset.language, { timeZone: "UTC" });

// What was edited opens as it was quoted: the reader says there what became of it.
function finding(found, label) {
  const { standing, quote, title, passage } = found;
  const edited = standing === "edited";
  const told = edited ? label[`edited_${passage}`].replace("{day}", dayOf(found.edited_on)) : label[standing];
  const now = edited ? { ...found, text: found.now?.text } : found.now;
  const row = made("li", { className: standing }, made("span", { className: "standing", textContent: told }), made("q", { textContent: quote }));
  const missing = found.also.filter((it) => !it.stands).map((it) => it.title);
  if (missing.length) row.append(made("span", { textContent: label.no_longer_in.replace("{titles}", () => missing.join("; ")) }));
  if (!now) {
    row.append(made("span", { textContent: title }));
    return row;
  }
  if (standing === "changed" || passage === "changed") row.append(made("q", { className: "now", textContent: now.text }));
  const href = `#article=${encodeURIComponent(now.article_id)}&start=${now.start}&end=${now.end}`;
  row.append(made("a", { href, textContent: now.title, onclick: leaveCheck }));
  return row;
}

// The article opens behind the dialog, and on a phone behind the drawer.
function leaveCheck(event) {
  event.target.closest("dialog").close("");
  if (STACKED.matches) toggle("side", false);
}

const check = (file) => file && checked(file).catch((error) => say(error.message || words().failed));
document.addEventListener("change", (event) => {
  if (!event.target.matches("#side .checking input")) return;
  check(event.target.files[0]);
  event.target.value = ""; // the same file may be chosen again
});

// Dropped there, a file is checked; anywhere else it is an article to add.
for (const kind of ["dragover", "drop"])
  document.addEventListener(kind, (event) => {
    if (!event.target.closest?.("#side .checking") || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    if (kind === "drop") check(event.dataTransfer.files[0]);
  });
