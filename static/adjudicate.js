// The reviews of a disputed item beside the desk: which one is at hand, what it marks in the texts,
// and the keys by which it is accepted. A category may have taken a key: then it keeps it.

import "./desk.js"; // which begins first
import { judgement } from "./desk/judgement.js";
import { $, now, tell } from "./desk/now.js";
import { highlight, rangeOfSpan, reveal } from "./desk/texts.js";

const reviews = [...document.querySelectorAll("[data-review]")];
const taken = [...document.querySelectorAll(".palette kbd")].map((one) => one.textContent);
let at = 0;
let sent = false;

function choose(to) {
  at = (to + reviews.length) % reviews.length;
  reviews.forEach((one, i) => one.classList.toggle("chosen", i === at));
  mark();
}

// What the review at hand gives as evidence, in the texts.
function mark() {
  highlight("said", placesOf(reviews[at]).map(rangeOf).filter(Boolean));
}

const placesOf = (review) => [...review.querySelectorAll("[data-place]")];

function rangeOf({ dataset: { side, where, path, span } }) {
  return rangeOfSpan({ side, where, path, span: span && span.split(" ").map(Number) });
}

// What is typed gives way to what a review says: not without a question.
const typed = () => JSON.stringify(judgement(now.desk)) !== begun;
const begun = JSON.stringify(judgement(now.desk));

function mayGo() {
  return !typed() || confirm("What you judged on this item yourself is not kept. Go on?");
}

function next(step) {
  choose(at + step);
  reviews[at].scrollIntoView({ block: "nearest" });
  tell(`Review ${at + 1}`);
}

const press = (selector) => reviews[at].querySelector(selector).click();
const keys = {
  q: () => next(1),
  Q: () => next(-1),
  y: () => press("[data-accept]"),
  Y: () => press("[data-take]"),
  k: () => $("[data-pass]").requestSubmit(),
  u: () => $("[data-undo]")?.click(),
};

document.addEventListener("keydown", (event) => {
  const act = keys[event.key];
  if (!act || taken.includes(event.key)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (localStorage.getItem("single-keys") === "off" || $("dialog[open]")) return;
  if (event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  const review = event.target.closest("[data-review]");
  if (!review) return;
  choose(reviews.indexOf(review));
  if (event.target.closest("[data-take]") && !mayGo()) return event.preventDefault();
  const place = event.target.closest("[data-place]");
  const range = place && rangeOf(place);
  if (range) reveal(range);
  else if (place) tell("It is not in the texts as they are shown: s shows them in another way.");
});

document.addEventListener("submit", (event) => {
  if (!event.target.querySelector("[data-accept]")) return;
  if (sent || !mayGo()) return event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => {
  sent = false;
});

// A text that is shown in another way is another element.
let drawn = 0;
new MutationObserver(() => {
  cancelAnimationFrame(drawn);
  drawn = requestAnimationFrame(mark);
}).observe($(".work"), { childList: true, subtree: true });

for (const key of document.querySelectorAll("[data-when-chosen]"))
  if (taken.includes(key.textContent)) key.remove();
choose(0);
