// Copy buttons, and a warning before a secret that nobody stored is left behind.
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

const unsaved = document.querySelector("form[data-unsaved]");
if (unsaved) {
  const warn = (event) => { event.preventDefault(); };
  window.addEventListener("beforeunload", warn);
  unsaved.addEventListener("submit", () => { window.removeEventListener("beforeunload", warn); });
}
