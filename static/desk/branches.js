// Trees of JSON: what is deep or wide in one is asked for when it is opened.

import { $, ask, now, say } from "./now.js";

// `toggle` does not bubble.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.open && target.matches("#desk details.branch[data-path]")) opened(target);
  },
  true,
);

document.addEventListener("click", ({ target }) => {
  const button = target.closest("#desk .branch button[data-from]");
  if (button) more(button);
});

async function opened(branch) {
  const { path } = branch.dataset;
  delete branch.dataset.path;
  const inside = branch.querySelector(".inside");
  inside.textContent = "…";
  try {
    inside.innerHTML = await fetched(branch, path, 0);
  } catch {
    branch.dataset.path = path;
    branch.open = false;
    inside.replaceChildren();
    unreachable();
  }
}

// The children behind those that are there; the first of them has the focus that the button had.
async function more(button) {
  const { path, from } = button.dataset;
  const place = button.closest(".folded");
  const before = place.previousElementSibling;
  button.disabled = true;
  try {
    const template = document.createElement("template");
    template.innerHTML = await fetched(button, path, from);
    place.replaceWith(template.content);
    const first = before.nextElementSibling;
    first.tabIndex = first.matches("details") ? -1 : 0;
    (first.querySelector("summary") || first).focus({ preventScroll: true });
  } catch {
    button.disabled = false;
    unreachable();
  }
}

async function fetched(inside, path, from) {
  const of = inside.closest("[data-tree]").dataset.tree;
  const query = new URLSearchParams({ of, path, from });
  const answer = await ask(`${now.desk.form.dataset.branch}?${query}`);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

function unreachable() {
  if ($("#problems")) say("The server does not answer: that part stays closed. Open it again.");
}
