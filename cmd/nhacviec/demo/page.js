// Follows the demo: fetches this very page once a second and puts what changed
// in its place. Links and forms work without it too; with it they do not reload.
"use strict";

let shown = "";
const parts = new Map(); // what each part of the page was made of
for (const part of document.querySelectorAll("[data-live]")) parts.set(part, part.innerHTML);
let asked = 0; // the last answer asked for is the only one that counts
let busy = 0;

function put(text) {
  if (text === shown) return;
  shown = text;
  const focus = document.activeElement && document.activeElement.id;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const [part, was] of parts) {
    const now = fresh.getElementById(part.id);
    if (!now || now.innerHTML === was) continue;
    parts.set(part, now.innerHTML);
    const atEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 40;
    part.innerHTML = now.innerHTML;
    if (part.getAttribute("role") === "log" && atEnd) part.scrollTop = part.scrollHeight;
  }
  if (focus && document.activeElement === document.body) document.getElementById(focus)?.focus();
}

async function load(url, options) {
  const gone = document.getElementById("gone");
  const mine = ++asked;
  busy++;
  try {
    const answer = await fetch(url, options);
    const text = await answer.text();
    gone.hidden = true;
    if (!answer.ok || mine !== asked) return;
    if (options || url !== location.href) history.replaceState(null, "", new URL(answer.url).search + location.hash);
    put(text);
  } catch {
    gone.hidden = false;
  } finally {
    busy--;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-live] a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  load(link.href);
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) }).then(() => {
    const reader = document.getElementById("reader");
    if (form.action.endsWith("/open") && reader.getBoundingClientRect().top > innerHeight / 2) reader.scrollIntoView();
  });
});

setInterval(() => { if (!document.hidden && !busy) load(location.href); }, 1000);
const log = document.getElementById("messages");
log.scrollTop = log.scrollHeight;
