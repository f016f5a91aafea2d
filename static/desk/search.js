// Search inside the texts of an item. What is found is coloured without touching the texts, so that
// places of evidence stay what they are.

import { $, now, tell } from "./now.js";
import { highlight, reveal } from "./texts.js";
import { whole } from "./ways.js";

const MOST = 5000;
let found = [];
let at = -1;
let timer;
let before = null; // what had the focus

export const isOpen = () => Boolean($("#finder:not([hidden])"));

export function open() {
  if (!isOpen()) before = document.activeElement;
  $("#finder").hidden = false;
  $("#find").focus();
  $("#find").select();
  if ($("#find").value) search();
}

export function close() {
  if (!isOpen()) return;
  const inside = $("#finder").contains(document.activeElement);
  $("#finder").hidden = true;
  if (inside) (before?.isConnected && before !== document.body ? before : $("#desk h1"))?.focus({ preventScroll: true });
  found = [];
  mark();
  tell("Search closed.");
}

// As it is typed; what is folded is unfolded first, since it is searched, too.
export function typed() {
  clearTimeout(timer);
  timer = setTimeout(search, 120);
}

async function search() {
  clearTimeout(timer);
  const text = $("#find").value;
  if (text.length > 1) await unfold();
  found = text ? matches(text) : [];
  at = found.length ? 0 : -1;
  mark();
}

async function unfold() {
  const { desk } = now;
  const folded = "[data-whole], details[data-path], .branch [data-from]";
  if ($("#request")?.querySelector(folded)) await whole("request");
  const outputs = [...document.querySelectorAll("#desk .pane, #joint")];
  if (desk === now.desk && outputs.some((one) => one.querySelector(folded))) await whole("outputs");
}

function matches(text) {
  const wanted = new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
  const ranges = [];
  for (const box of document.querySelectorAll("#desk [data-searched]:not([hidden])")) {
    if (box.closest("[hidden]")) continue;
    const nodes = [];
    let all = "";
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest("button, .visually-hidden")
        ? NodeFilter.FILTER_REJECT
        : NodeFilter.FILTER_ACCEPT,
    );
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      nodes.push([all.length, node]);
      all += node.data;
    }
    let i = 0;
    for (const one of all.matchAll(wanted)) {
      if (ranges.length >= MOST) return ranges;
      const range = document.createRange();
      while (i + 1 < nodes.length && nodes[i + 1][0] <= one.index) i++;
      range.setStart(nodes[i][1], one.index - nodes[i][0]);
      const end = one.index + one[0].length;
      let j = i;
      while (j + 1 < nodes.length && nodes[j + 1][0] < end) j++;
      range.setEnd(nodes[j][1], end - nodes[j][0]);
      ranges.push(range);
    }
  }
  return ranges;
}

export function step(by) {
  if (!found.length) return search();
  at = (at + by + found.length) % found.length;
  mark();
}

function mark() {
  highlight("found", found);
  highlight("found-now", at >= 0 && found[at] ? [found[at]] : []);
  if (found[at]) {
    reveal(found[at]);
    tell(around(found[at]));
  }
  const text = $("#find")?.value;
  $("#found").textContent = !text
    ? ""
    : found.length
      ? `${at + 1} of ${found.length}${found.length === MOST ? " or more" : ""}`
      : "not found";
}

// In which text it stands, and between which words, for who does not see it.
function around({ startContainer: { data, parentElement }, startOffset }) {
  const names = [["#request", "Request"], ["#known", "Known answer"], [".side-a, #pane-A", "Side A"], [".side-b, #pane-B", "Side B"]];
  const [, name] = names.find(([place]) => parentElement.closest(place)) || [, "Both sides"];
  return `${name}: ${data.slice(Math.max(0, startOffset - 40), startOffset + 60)}`;
}

// Another item stands here, or other texts: what was found is gone.
export function forget() {
  found = [];
  at = -1;
  highlight("found", []);
  highlight("found-now", []);
}
