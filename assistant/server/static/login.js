// The fragment of an address ("#article=…") is known to the browser only: it goes into the form, so
// that signing in leads there. Without this script it leads to the page.
const next = document.querySelector("[name=next]");
if (!next.value.includes("#")) next.value += location.hash;
