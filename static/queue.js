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

// Another page begins at its first row.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.requestConfig?.elt.matches(".pages a")) rows()[0]?.querySelector("th a")?.focus();
});
