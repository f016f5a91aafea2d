// Evidence: a stretch of a side's text or of the request, marked with the mouse, by touch or by
// keys; or a field.

import { $, now, tell } from "./now.js";
import { length, pointsBefore, rangeOf, reveal } from "./texts.js";
import { markable, otherRequest, showIn } from "./ways.js";

let picked = null; // a field
let marking = null; // {box, words, anchor, focus} while arrow keys mark

// What is marked at this moment: {side?, quote, at}.
export function selected() {
  if (picked) return picked;
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const inside = range.commonAncestorContainer;
  const box = (inside.closest ? inside : inside.parentElement)?.closest("[data-text], [data-input]");
  const text = range.toString();
  if (!box || !text) return null;
  const start = pointsBefore(box, range.startContainer, range.startOffset);
  const span = [start, start + length(text)];
  const { text: side, input: path } = box.dataset;
  if (side) return { side, quote: text, at: { span } };
  return { quote: text, at: { span, where: "input", ...(path ? { path } : {}) } };
}

export function clear() {
  picked = null;
  leave();
  getSelection().removeAllRanges();
  showNow();
}

export function pickField({ mark: side, path }) {
  picked = { side, quote: path, at: { path } };
  showNow();
  tell(`Evidence: field ${path} of side ${side}. Now press a category's key.`);
}

// What is marked, beside the palette.
export function showNow() {
  const place = $("#evidence-now");
  if (!place) return;
  const found = selected();
  const text = found
    ? `evidence${found.side ? ` in ${found.side}` : " in the request"}: “${brief(found.quote)}”`
    : elsewhere();
  place.hidden = !text;
  place.textContent = text;
}

// What is selected where nothing can be marked, and how it can.
function elsewhere() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return "";
  const inside = selection.getRangeAt(0).commonAncestorContainer;
  const at = (inside.closest ? inside : inside.parentElement)?.closest("#request, #known, .pane, .joint");
  if (!at || at.id === "known") return "";
  if (at.id !== "request") return markable() ? "" : "no evidence can be marked in this way of showing: j goes to one where it can";
  return $("#request [data-way=read]") ? "no evidence can be marked in the request as it reads: * shows it as stored" : "";
}

const brief = (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

document.addEventListener("selectionchange", () => {
  if (picked && !getSelection().isCollapsed) picked = null;
  if (!marking) showNow();
});

// ---- By keys

const boxes = () => [...document.querySelectorAll("#desk [data-text], #desk [data-input]")];

export const isMarking = () => Boolean(marking);

const HOW = ", arrow keys by word, with Shift to mark more, Tab to the next text, then a category's key; Escape leaves";

// Begins in the text that has the focus, else in that of the chosen side.
export async function mark() {
  if (!markable()) {
    await showIn("words");
    if (!markable()) return;
  }
  const focused = document.activeElement.closest?.("[data-text], [data-input]");
  if (!focused && document.activeElement.closest?.("#request")) {
    if ($("#request [data-way=read]")) await otherRequest();
    return enter($("#request [data-input]"), HOW);
  }
  enter(focused || $(`[data-text="${now.desk.chosen}"]`), HOW);
}

// Marking takes the arrow keys: a screen reader lets them through to a text field.
function enter(box, how = "") {
  leave();
  if (!box) return;
  const words = wordsOf(box.textContent);
  if (!words.length) return tell("This text has no words to mark.");
  marking = { box, words, anchor: 0, focus: 0, at: sentencesOf(box.textContent) };
  box.classList.add("marking");
  box.tabIndex = 0;
  const of = box.dataset.text ? `side ${box.dataset.text}` : "the request";
  box.setAttribute("aria-label", `Text of ${of}`);
  beTextbox(box, true);
  select(`Marking in ${of}${how}: `);
}

function leave() {
  if (!marking) return;
  const { box } = marking;
  marking = null;
  box.classList.remove("marking");
  beTextbox(box, false);
}

// What it is, is heard with the focus, which is taken from it for that.
function beTextbox(box, is) {
  const focused = document.activeElement === box;
  box.blur();
  box.setAttribute("role", is ? "textbox" : "group");
  for (const name of ["aria-readonly", "aria-multiline"])
    if (is) box.setAttribute(name, "true");
    else box.removeAttribute(name);
  if (is || focused) box.focus({ preventScroll: true });
}

function wordsOf(text) {
  if (!Intl.Segmenter) return [...text.matchAll(/\S+/g)].map((one) => [one.index, one.index + one[0].length]);
  const found = [];
  for (const one of new Intl.Segmenter(undefined, { granularity: "word" }).segment(text))
    if (one.isWordLike || /\S/.test(one.segment)) found.push([one.index, one.index + one.segment.length]);
  return found;
}

function sentencesOf(text) {
  const starts = [...text.matchAll(/(?<=[.!?。！？؟]\s+|\n)\S/g)].map((one) => one.index);
  return [0, ...starts];
}

function select(before = "") {
  const { box, words, anchor, focus } = marking;
  const [from, to] = [Math.min(anchor, focus), Math.max(anchor, focus)];
  const range = rangeOf(box, words[from][0], words[to][1]);
  if (!range) return;
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  const moved = rangeOf(box, ...words[focus]);
  if (moved) reveal(moved);
  showNow();
  tell(before + brief(range.toString()));
}

// Takes a key while marking; whether it was one of its own.
export function markingKey(event) {
  const { box, words } = marking;
  if (event.key === "Escape") {
    clear();
    tell("Nothing is marked.");
    return true;
  }
  if (event.key === "Tab") {
    const all = boxes();
    enter(all.at((all.indexOf(box) + (event.shiftKey ? -1 : 1)) % all.length));
    return true;
  }
  const forward = getComputedStyle(box).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  const to = {
    [forward]: marking.focus + 1,
    [backward]: marking.focus - 1,
    ArrowDown: bySentence(1),
    ArrowUp: bySentence(-1),
    Home: 0,
    End: words.length - 1,
  }[event.key];
  if (to === undefined) return false;
  marking.focus = Math.min(Math.max(to, 0), words.length - 1);
  if (!event.shiftKey) marking.anchor = marking.focus;
  select();
  return true;
}

function bySentence(step) {
  const { words, focus, at } = marking;
  const here = words[focus][0];
  const start = step > 0 ? at.find((one) => one > here) : at.findLast((one) => one < here);
  if (start === undefined) return step > 0 ? words.length - 1 : 0;
  return words.findIndex(([from]) => from >= start);
}
