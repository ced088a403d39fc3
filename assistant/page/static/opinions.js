// Opinions of answers: each is kept with its exchange, and its button stays pressed.
// Runs in one function with the other scripts of the page.

// The messages are drawn without ARIA: gr.Chatbot's sanitizer takes it away.
function pressOpinions() {
  for (const button of document.querySelectorAll("#messages .act-good, #messages .act-bad")) {
    const value = exchanges[Number(button.value)]?.opinion?.value;
    const pressed = String(Boolean(value) && button.matches(`.act-${value}`));
    if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
  }
}
new MutationObserver(pressOpinions).observe(panes, { subtree: true, childList: true });

// Who judges an answer again changes their opinion of it.
async function judged(number, value) {
  const it = await answered(number);
  const label = words();
  const body = { answer: withoutHits(it), opinion: value, replaces: it.opinion?.id ?? null };
  if (value === "bad") {
    const given = await reasonFor(label);
    if (!given) return;
    Object.assign(body, Object.fromEntries(given));
  }
  const { id } = await call("POST", "feedback", body);
  it.opinion = { id, value };
  pressOpinions();
  say(label.thanks);
  keepAgain(it);
}

function reasonFor(label) {
  const reasons = ["should refuse", "should answer", "wrong sentence", "other"].map((value, i) =>
    made("label", { className: "reason" }, made("input", { type: "radio", name: "reason", value, checked: i === 3 }), label[value]),
  );
  const area = (name) => made("label", {}, label[name], made("textarea", { name, rows: 2, maxLength: 5000 }));
  return ask(label.why, [...reasons, area("correction"), area("comment")], label.send, label.cancel);
}

// What failed or was stopped has a number, but is not kept.
function keepAgain(it) {
  saving = saving
    .then(() => {
      const place = exchanges.filter(Boolean).indexOf(it);
      if (opened && place >= 0) return keeper().replace(opened, place, it);
    })
    .catch(() => say(words().failed));
}
