// What every page has: the theme switch, terms that explain themselves, lost connections said.

const root = document.documentElement;

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

function hideTerm() {
  document.getElementById("term-note")?.remove();
}

function showTerm(term) {
  hideTerm();
  const note = document.createElement("div");
  note.id = "term-note";
  note.setAttribute("role", "status");
  note.textContent = term.dataset.term;
  document.body.append(note);
  const box = term.getBoundingClientRect();
  note.style.left = `${Math.max(8, Math.min(box.left + scrollX, innerWidth - note.offsetWidth - 8))}px`;
  note.style.top = `${box.bottom + scrollY + 6}px`;
}

document.addEventListener("click", (event) => {
  const term = event.target.closest(".term");
  if (term) showTerm(term);
  else hideTerm();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTerm();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog).showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
});

// The browser's own print, where there is a script to ask for it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// A form that destroys something asks first, with what will be lost.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

for (const kind of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(kind, () => root.classList.add("offline"));
}
document.addEventListener("htmx:afterOnLoad", () => root.classList.remove("offline"));

// What asks every few seconds does not while nobody looks, and at once when somebody does again.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const one of document.querySelectorAll("[data-poll]")) htmx.trigger(one, "seen");
});

// What comes as it was is left alone: somebody may be reading there, with a screen reader or selecting.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { target } = detail;
  if (!/every/.test(target.getAttribute("hx-trigger"))) return;
  const come = new DOMParser().parseFromString(detail.serverResponse, "text/html");
  const same = come.getElementById(target.id);
  const alone = target.hasAttribute("hx-select") || come.body.childElementCount === 1;
  const as = (one) => one.innerHTML + one.getAttribute("hx-get");
  if (same && alone && as(same) === as(target)) detail.shouldSwap = false;
});
