// Copy buttons, a place for the focus after a swap, and a warning before a secret that nobody stored is left behind.
"use strict";

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy"); // plain http on a host that is not loopback has no clipboard
  }
  const words = button.querySelector("span");
  const before = words.textContent;
  words.textContent = "Copied";
  const notice = document.getElementById("notice");
  notice.textContent = "";
  const told = document.createElement("p");
  told.className = "unseen";
  told.textContent = "Copied.";
  notice.append(told);
  setTimeout(() => { words.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
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

const unsaved = document.querySelector("form[data-unsaved]");
if (unsaved) {
  const warn = (event) => { event.preventDefault(); };
  window.addEventListener("beforeunload", warn);
  unsaved.addEventListener("submit", () => { window.removeEventListener("beforeunload", warn); });
}
