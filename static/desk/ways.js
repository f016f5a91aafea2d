// The ways of showing the outputs, and texts that are folded. The server renders each and remembers
// the last one chosen.

import { drawEvidence } from "./draw.js";
import { $, ask, now, say, tell } from "./now.js";

let preferred = ""; // chosen on this page: an item fetched before that is shown in it, too

export const markable = () => Boolean($("#ways[data-marked-in]"));

export async function showIn(way) {
  preferred = way;
  if (!(await fetched(`way=${way}`))) return;
  const button = $("#ways [aria-pressed=true]");
  if (document.activeElement !== button) tell(`Shown: ${button.textContent}.`);
}

// A long chat opens at what both outputs answer: the last turn of the user.
export function toLastTurn() {
  const box = $("#request");
  const last = [...box.querySelectorAll(".turn")].findLast((one) => one.dataset.who === "user");
  if (last && box.scrollHeight > box.clientHeight)
    box.scrollTop = last.offsetTop - box.offsetTop - box.querySelector(".request-head").offsetHeight;
}

export function nextWay() {
  const ways = [...document.querySelectorAll("#ways [data-show]")];
  const at = ways.findIndex((one) => one.getAttribute("aria-pressed") === "true");
  return showIn(ways[(at + 1) % ways.length].dataset.show);
}

export function toPreferred() {
  const offered = preferred && $(`#ways [data-show="${preferred}"]`);
  if (offered && offered.getAttribute("aria-pressed") !== "true") fetched(`way=${preferred}`);
}

// The request as it reads, or as it is stored.
export async function otherRequest() {
  const button = $("#request [data-do=request-way]");
  if (!button) return tell("The request reads as it is stored.");
  const way = button.dataset.way === "read" ? "stored" : "read";
  const focused = document.activeElement === button;
  if (!(await fetched(`request=${way}`))) return;
  if (focused) $("#request [data-do=request-way]")?.focus();
  tell(way === "read" ? "The request as it reads." : "The request as it is stored.");
}

// Unfolds the outputs (or the request), all of them.
export function whole(what) {
  return what === "request" ? fetched("whole=request") : fetched("whole");
}

async function fetched(query) {
  const { desk } = now;
  $("#ways").setAttribute("aria-busy", "true");
  try {
    const answer = await ask(`${desk.form.dataset.shown}?${query}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    if (desk !== now.desk) return false;
    $("#ways").removeAttribute("aria-busy"); // the request has none in it
    let held = null; // what had the focus, in what goes
    for (const part of [...template.content.children]) {
      const old = document.getElementById(part.id);
      if (!old) continue;
      if (old.contains(document.activeElement)) held = document.activeElement;
      const { scrollTop } = old;
      old.replaceWith(part);
      part.scrollTop = scrollTop;
    }
    if (held) inPlaceOf(held)?.focus({ preventScroll: true });
    drawEvidence();
    return true;
  } catch {
    $("#ways").removeAttribute("aria-busy");
    say("The server does not answer: the outputs stay as they are shown.");
    return false;
  }
}

// The same button or text in what has come, else the text that is shown.
function inPlaceOf(held) {
  if (held.closest("#request")) return $("#request");
  const pane = held.closest(".pane")?.id || `pane-${now.desk.chosen}`;
  return $(`#ways [data-show="${held.dataset.show}"]`) || $("#joint:not([hidden])") || $(`#${pane} [tabindex]`);
}

// A side's whole output into the field of the correct one.
export async function copy(side) {
  const { desk } = now;
  const shown = $(`[data-text="${side}"]`);
  const folded = $(`#pane-${side} [data-whole]`);
  let text = shown && !folded && !desk.data.json ? shown.textContent : null;
  try {
    if (text === null) {
      const answer = await ask(desk.form.dataset.textOf.replace(/A\/$/, `${side}/`));
      if (!answer.ok) throw new Error(String(answer.status));
      text = await answer.text();
    }
  } catch {
    return say(`The server does not answer: side ${side} was not copied. Try again.`);
  }
  desk.copied = text;
  $("#corrected").value = text;
  $("#corrected").dispatchEvent(new Event("input", { bubbles: true }));
  tell(`Side ${side} is copied as the correct output.`);
}

// Whether what is typed is JSON, where the outputs are.
export function checkCorrected() {
  const field = $("#corrected");
  const state = $("#corrected-state");
  if (!now.desk?.data?.json) return;
  let problem = "";
  if (field.value.trim()) {
    try {
      JSON.parse(field.value);
    } catch (error) {
      problem = error.message;
    }
  }
  field.setAttribute("aria-invalid", String(Boolean(problem)));
  state.classList.toggle("stop", Boolean(problem));
  state.textContent = problem
    ? `Not JSON yet, and kept as a text if it stays so: ${problem}`
    : field.value.trim()
      ? "✓ JSON"
      : "";
}
