// What HTML cannot do alone: copy, open a fetched dialog, pick all, keep the focus, hold a live list still, warn.
"use strict";

const each = (selector, deed) => document.querySelectorAll(selector).forEach(deed);

function tell(words) {
  const told = document.createElement("p");
  told.className = "unseen";
  told.textContent = words;
  document.getElementById("notice").replaceChildren(told);
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const text = source.value ?? source.innerText;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // plain http on a host that is not loopback has no clipboard
    if (source.select) source.select(); else getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  const words = button.querySelector("span");
  const before = words.textContent;
  words.textContent = "Copied";
  tell("Copied.");
  setTimeout(() => { words.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  if (event.target.closest("[data-dismiss]")) document.getElementById("notice").replaceChildren();
});

// Boxes of a list: one for all that are shown, and how many are picked.
function count() {
  each("[data-count]", (output) => {
    const boxes = [...document.getElementsByName(output.dataset.count)];
    const picked = boxes.filter((box) => box.checked).length;
    const words = picked ? `${picked} picked` : "None picked";
    if (output.textContent !== words) output.textContent = words;
    each(`[data-all="${output.dataset.count}"]`, (all) => {
      all.checked = picked > 0 && picked === boxes.length;
      all.indeterminate = picked > 0 && !all.checked;
    });
  });
}

document.addEventListener("change", (event) => {
  const field = event.target.dataset.all;
  if (field) document.getElementsByName(field).forEach((box) => { box.checked = event.target.checked; });
  count();
});

// htmx gives the focus back to the same id. Where that is gone, disabled or hidden, what stood nearest around it gets it.
let around = [];

document.addEventListener("htmx:before:swap", () => {
  around = [];
  for (let one = document.activeElement; one && one !== document.body; one = one.parentElement) {
    if (one.id && one.id !== "main") around.push(one.id);
  }
});

document.addEventListener("htmx:after:swap", () => {
  count();
  const dialog = document.getElementById("dialog");
  if (dialog && !dialog.open && document.getElementById("dialog-title")) dialog.showModal();
  const active = document.activeElement;
  if (active !== document.body && active.checkVisibility()) return;
  for (const id of around) {
    const spot = document.getElementById(id)?.querySelector("h2, button:enabled");
    if (!spot) continue;
    if (spot.tagName === "H2") spot.tabIndex = -1;
    spot.focus();
    if (document.activeElement === spot) return;
  }
});

document.getElementById("dialog")?.addEventListener("close", () => {
  document.getElementById("dialog-body").replaceChildren();
});

// A live list holds still while somebody reads it. Messages wait in the stream; none is lost.
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const state = (words) => each("[data-tail-state]", (one) => { if (one.textContent !== words) one.textContent = words; });
const isRead = (list) => document.hidden || list.matches(":hover") || list.contains(document.activeElement);

document.addEventListener("htmx:sse:before:connection", (event) => {
  if (!("tail" in event.target.dataset) || !calm.matches) return;
  event.preventDefault();
  state("Live view is off (reduced motion)");
});

document.addEventListener("htmx:sse:before:message", (event) => {
  const list = document.getElementById(event.target.dataset.tail);
  if (!list || !isRead(list)) return;
  state("Paused while you read");
  event.detail.waitUntil(new Promise((resume) => {
    const look = () => {
      if (list.isConnected && isRead(list)) return;
      for (const kind of ["pointerover", "focusin", "visibilitychange"]) document.removeEventListener(kind, look);
      state("Live");
      resume();
    };
    for (const kind of ["pointerover", "focusin", "visibilitychange"]) document.addEventListener(kind, look);
  }));
});

const unsaved = document.querySelector("form[data-unsaved]");
if (unsaved) {
  const warn = (event) => { event.preventDefault(); };
  window.addEventListener("beforeunload", warn);
  unsaved.addEventListener("submit", () => { window.removeEventListener("beforeunload", warn); });
}

count(); // browsers restore ticks on Back
