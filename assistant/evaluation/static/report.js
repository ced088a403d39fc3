"use strict";
// Filters and searches the questions. Without this script the page shows them all.
(() => {
  const form = document.getElementById("controls");
  const items = [...document.querySelectorAll("#questions > details")];
  // Search ignores case and accents, as people type.
  const bare = (text) =>
    text
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .replace(/[đĐ]/g, "d")
      .replace(/\s+/g, " ")
      .toLowerCase();
  const texts = new Map();
  const textOf = (item) => {
    if (!texts.has(item)) texts.set(item, bare(item.textContent));
    return texts.get(item);
  };
  const value = (id) => document.getElementById(id)?.value ?? "";

  const show = () => {
    const wanted = bare(value("search")).trim();
    const checked = [...form.querySelectorAll("input:checked")].map((input) => input.value);
    const language = value("language");
    const change = value("change");
    let shown = 0;
    for (const item of items) {
      const fits =
        (!checked.length || checked.includes(item.dataset.verdict)) &&
        (!language || item.dataset.language === language) &&
        (!change || item.dataset.change === change) &&
        (!wanted || textOf(item).includes(wanted));
      item.hidden = !fits;
      shown += fits;
    }
    document.getElementById("count").textContent = `${shown} of ${items.length}`;
  };

  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
