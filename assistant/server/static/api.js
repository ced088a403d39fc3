
"use strict";
// Sends what a form of the page about the interface says, and shows what comes back.

function addressOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll("[data-in]")) {
    if (field.dataset.in === "path") {
      path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    } else if (field.value) {
      query.append(field.name, field.value);
    }
  }
  return String(query) ? `${path}?${query}` : path;
}

function requestOf(form) {
  const request = { method: form.dataset.method, headers: {} };
  const key = document.getElementById("key").value.trim();
  if (key) request.headers.Authorization = `Bearer ${key}`;
  const body = form.querySelector("[data-body]");
  if (!body) return request;
  if (body.dataset.body === "multipart/form-data") {
    request.body = new FormData(); // names its own type, with the boundary
    for (const file of body.files) request.body.append(body.name, file);
    return request;
  }
  request.headers["Content-Type"] = body.dataset.body;
  request.body = body.type === "file" ? body.files[0] : body.value;
  return request;
}

// An answer that streams is shown as it comes; JSON is laid out when it is whole.
async function show(answer, place) {
  place.hidden = false;
  place.textContent = "";
  const parts = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await parts.read(); !part.done; part = await parts.read()) {
    place.textContent += part.value;
  }
  if (/[/+]json/.test(answer.headers.get("Content-Type") || "")) {
    place.textContent = JSON.stringify(JSON.parse(place.textContent), null, 1);
  }
}

async function send(form) {
  const status = form.querySelector("output");
  status.textContent = "…";
  try {
    const answer = await fetch(addressOf(form), requestOf(form));
    status.textContent = `${answer.status} ${answer.statusText}`;
    await show(answer, form.querySelector("pre"));
  } catch (fault) {
    status.textContent = String(fault);
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target);
});
