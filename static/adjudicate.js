// The keys by which a review is accepted as it is, beside those of the desk. A category may have
// taken them: then it keeps them.

const taken = [...document.querySelectorAll(".palette kbd")].map((one) => one.textContent);

document.addEventListener("keydown", (event) => {
  const which = { y: 0, Y: 1 }[event.key];
  if (which === undefined || taken.includes(event.key)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (localStorage.getItem("single-keys") === "off" || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  document.querySelectorAll("[data-accept]")[which]?.click();
});
