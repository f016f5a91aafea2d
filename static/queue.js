// The list of items by keyboard. Rows are real links and boxes: this only moves between them.

const single = () => localStorage.getItem("single-keys") !== "off";
const rows = () => [...document.querySelectorAll("[data-row]")];

const box = document.getElementById("single-keys");
box.checked = single();
box.addEventListener("change", () => {
  localStorage.setItem("single-keys", box.checked ? "on" : "off");
});

function move(step) {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const to = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  const link = all[to]?.querySelector("th a");
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

function tick() {
  document.activeElement.closest("[data-row]")?.querySelector('[name="item"]')?.click();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  x: tick,
  X: () => document.querySelector("[data-every]")?.click(),
  d: () => document.activeElement.closest("[data-row]")?.querySelector('a[href*="/adjudicate/"]')?.click(),
  n: () => document.querySelector('a[rel="next"]')?.click(),
  p: () => document.querySelector('a[rel="prev"]')?.click(),
  "/": () => document.getElementById("q").focus(),
  "?": () => document.getElementById("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const types = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (types || !keys[event.key] || (event.key !== "?" && !single())) return;
  event.preventDefault();
  keys[event.key]();
});

// How many are ticked, and one box for all of the page.
const boxes = () => [...document.querySelectorAll('[data-row] [name="item"]')];

function count() {
  const ticked = boxes().filter((one) => one.checked).length;
  const every = document.querySelector("[data-every]");
  if (!every) return;
  document.querySelector("[data-ticked]").textContent = ticked ? `: ${ticked}` : "";
  every.checked = ticked > 0 && ticked === boxes().length;
  every.indeterminate = ticked > 0 && !every.checked;
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-every]")) for (const one of boxes()) one.checked = target.checked;
  if (target.matches('[data-every], [name="item"]')) count();
});

// Who comes back from an item is at its row again; what was ticked the browser may have kept.
document.addEventListener("click", ({ target }) => {
  const row = target.closest("[data-row]");
  if (row && target.closest("a")) sessionStorage.setItem("row", row.querySelector("th a").href);
});
addEventListener("pageshow", ({ persisted }) => {
  count();
  const [how] = performance.getEntriesByType("navigation");
  if (!persisted && how?.type !== "back_forward") return;
  const links = [...document.querySelectorAll("[data-row] th a")];
  links.find((one) => one.href === sessionStorage.getItem("row"))?.focus();
});

// Another page begins at its first row.
document.addEventListener("htmx:afterSwap", (event) => {
  count();
  if (event.detail.requestConfig?.elt.matches(".pages a")) rows()[0]?.querySelector("th a")?.focus();
});
