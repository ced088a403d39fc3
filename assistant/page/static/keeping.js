// Conversations that are kept: in this browser's storage, or with the account of who has signed in.
// Runs in one function with the other scripts of the page.

const API = "api/v1";
const PREFIX = "assistant.conversation.";
const MOST_KEPT = 100; // in the browser; the oldest go first

// Why a request was refused, in one line of the page's language: `detail` may be in another.
function refusal(status, detail, language) {
  const label = words();
  return label[`refused_${status}`] || (language === document.documentElement.lang && detail) || label.failed;
}

async function call(method, path, body, type = "application/json") {
  const response = await fetch(`${API}/${path}`, {
    method,
    headers: { "Accept-Language": document.documentElement.lang, ...(body !== undefined && { "Content-Type": type }) },
    body: body === undefined ? undefined : type === "application/json" ? JSON.stringify(body) : body,
  });
  const told = (response.headers.get("content-type") || "").includes("json")
    ? await response.json()
    : await response.text();
  if (!response.ok) throw new Error(refusal(response.status, told.detail, response.headers.get("content-language")));
  return told;
}

const fold = (text) =>
  text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/g, "d");

const inBrowser = {
  all() {
    const found = [];
    for (let i = 0; i < localStorage.length; i++) {
      const key = localStorage.key(i);
      if (!key.startsWith(PREFIX)) continue;
      try {
        found.push(JSON.parse(localStorage.getItem(key)));
      } catch {
        // of another version, or cut short: not shown
      }
    }
    return found.filter((it) => it && it.id).sort((a, b) => (a.updated < b.updated ? 1 : -1));
  },
  async list(search) {
    const wanted = fold(search).split(/\s+/).filter(Boolean);
    const has = (text) => wanted.every((word) => fold(text).includes(word));
    return this.all().filter(
      (it) => has(it.title) || it.exchanges.some((e) => has(`${e.question} ${e.answer}`)),
    );
  },
  async get(id) {
    return JSON.parse(localStorage.getItem(PREFIX + id));
  },
  async add(id, exchange) {
    const now = new Date().toISOString();
    const fresh = { id: crypto.randomUUID?.() ?? String(Math.random()).slice(2), title: exchange.question, exchanges: [] };
    const it = (id && (await this.get(id))) || fresh;
    it.exchanges.push(exchange);
    it.updated = now;
    const others = this.all().filter((other) => other.id !== it.id);
    while (others.length >= MOST_KEPT) localStorage.removeItem(PREFIX + others.pop().id);
    for (;;)
      try {
        this.put(it);
        return it.id;
      } catch (error) {
        if (!others.length) throw error; // no room for this one alone
        localStorage.removeItem(PREFIX + others.pop().id); // the oldest makes room
      }
  },
  put(it) {
    localStorage.setItem(PREFIX + it.id, JSON.stringify(it));
  },
  async replace(id, place, exchange) {
    const it = await this.get(id);
    it.exchanges[place] = exchange;
    this.put(it);
  },
  async rename(id, title) {
    this.put({ ...(await this.get(id)), title });
  },
  async remove(id) {
    localStorage.removeItem(PREFIX + id);
  },
};

const inAccount = {
  async list(search) {
    return (await call("GET", `conversations?search=${encodeURIComponent(search)}`)).conversations;
  },
  get: (id) => call("GET", `conversations/${encodeURIComponent(id)}`),
  async add(id, exchange) {
    if (id) await call("POST", `conversations/${encodeURIComponent(id)}/exchanges`, exchange);
    else ({ id } = await call("POST", "conversations", { exchanges: [exchange] }));
    return id;
  },
  replace: (id, place, exchange) => call("PUT", `conversations/${encodeURIComponent(id)}/exchanges/${place + 1}`, exchange),
  rename: (id, title) => call("PATCH", `conversations/${encodeURIComponent(id)}`, { title }),
  remove: (id) => call("DELETE", `conversations/${encodeURIComponent(id)}`),
};

const keeper = () => (document.querySelector("#side .drawer")?.dataset.account ? inAccount : inBrowser);

let exchanges = []; // of the conversation that is shown, by number
let opened = remembered("conversation"); // its id, "" before the first answer
let saving = Promise.resolve();

function remembered(name) {
  try {
    return localStorage.getItem(`assistant.${name}`) || "";
  } catch {
    return ""; // storage is switched off: nothing is kept
  }
}

function remember(name, value) {
  try {
    if (value) localStorage.setItem(`assistant.${name}`, value);
    else localStorage.removeItem(`assistant.${name}`);
  } catch {
    // likewise
  }
}

// Python hands over an exchange that has been answered.
window.assistantKeeps = (told) => {
  if (!told) return;
  const { number, exchange } = JSON.parse(told);
  if (exchanges[number]) return; // told twice
  exchanges[number] = exchange;
  saving = saving
    .then(keepShared)
    .then(() => keeper().add(opened, exchange))
    .then((id) => remember("conversation", (opened = id)))
    .catch((error) => say(error.name === "QuotaExceededError" ? words().full : words().failed))
    .then(() => list());
};

// The exchange with that number: Python hands it over a moment after its text is whole.
async function answered(number) {
  for (let tries = 0; tries < 100 && !exchanges[number]; tries++)
    await new Promise((go) => setTimeout(go, 50));
  if (!exchanges[number]) throw new Error(words().failed);
  return exchanges[number];
}

window.assistantLeaves = () => {
  exchanges = [];
  opened = "";
  leaveShared();
  remember("conversation", "");
};

// `opening`: with the page, whose address may show what no answer quotes.
async function openConversation(id, opening = false) {
  const it = await keeper().get(id);
  if (!it) throw new Error(words().failed);
  exchanges = it.exchanges;
  opened = id;
  leaveShared();
  pressOpinions(); // what is drawn already may be the same
  remember("conversation", id);
  trigger("restore", { exchanges, opening, chosen: chosen() });
}
