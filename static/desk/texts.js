// Texts and places in them. A place is counted in code points from the start of the stored text,
// which the shown one is (or its beginning) wherever evidence can be marked.

import { $ } from "./now.js";

// The element that shows a text: of a side, or the one at a path of the request.
function boxOf({ side, where, path }) {
  if (where === "input") return $(`[data-input="${CSS.escape(path || "")}"]`);
  return path ? null : $(`[data-text="${side}"]`);
}

export function pointsBefore(box, node, offset) {
  const before = document.createRange();
  before.selectNodeContents(box);
  before.setEnd(node, offset);
  return length(before.toString());
}

export function length(text) {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
  return count;
}

// Where a code point stands in a JavaScript string.
function unitOf(text, point) {
  let unit = 0;
  while (point-- > 0) unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  return unit;
}

// A range over units of a box's text; null where they are not (or not all) in it.
export function rangeOf(box, start, end) {
  const range = document.createRange();
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  let at = 0;
  let begun = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const after = at + node.length;
    if (!begun && start < after) {
      range.setStart(node, start - at);
      begun = true;
    }
    if (begun && end <= after) {
      range.setEnd(node, end - at);
      return range;
    }
    at = after;
  }
  return null;
}

// The range of a finding's evidence, where its text is shown.
export function rangeOfSpan(finding) {
  const box = finding.span && boxOf(finding);
  if (!box) return null;
  const text = box.textContent;
  return rangeOf(box, unitOf(text, finding.span[0]), unitOf(text, finding.span[1]));
}

// Ranges that the stylesheet colours under a name (::highlight), with the texts left as they are.
export function highlight(name, ranges) {
  if (!globalThis.Highlight) return; // the findings still quote their evidence
  if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
  else CSS.highlights.delete(name);
}

// Scrolls no more than it takes to see a range.
export function reveal(range) {
  for (let at = range.startContainer.parentElement; at; at = at.parentElement) {
    if (at.matches("details:not([open])") && !at.querySelector("summary")?.contains(range.startContainer))
      at.open = true;
  }
  const seen = range.getBoundingClientRect();
  for (let box = range.startContainer.parentElement; box; box = box.parentElement) {
    if (box.scrollHeight <= box.clientHeight + 1 || box === document.documentElement) continue;
    if (!/auto|scroll/.test(getComputedStyle(box).overflowY)) continue;
    const frame = box.getBoundingClientRect();
    if (seen.top < frame.top || seen.bottom > frame.bottom)
      box.scrollTop += seen.top - frame.top - frame.height / 3;
    break;
  }
  const after = range.getBoundingClientRect();
  if (after.top < 0 || after.bottom > innerHeight) scrollBy(0, after.top - innerHeight / 3);
}
