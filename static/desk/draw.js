// What is seen of the judgement: findings, the chosen side, evidence in the texts, the lease.

import { categoryOf, decide, remove, undecided, wants } from "./judgement.js";
import { $, now } from "./now.js";
import { highlight, rangeOfSpan } from "./texts.js";

const LONGEST_QUOTE = 80;
let changed = () => {};

// `done(text)` is called when a control of a finding has changed something.
export function onChange(done) {
  changed = done;
}

export function draw() {
  const desk = now.desk;
  if (!desk?.data) return;
  for (const side of "AB") {
    const box = $(`.side[data-side="${side}"]`);
    const chosen = side === desk.chosen;
    const verdict = desk.sides[side];
    box.classList.toggle("chosen", chosen);
    box.querySelector("[data-choose]").setAttribute("aria-pressed", String(chosen));
    box.querySelector("[data-fine]").setAttribute("aria-pressed", String(verdict === "ok"));
    box.querySelector("[data-verdict]").textContent =
      { ok: "✓ fine", error: "✗ has findings" }[verdict] || "";
    drawFindings(box.querySelector("[data-findings]"), side);
  }
  $("[data-chosen]").textContent = desk.chosen;
  const last = desk.findings.findLast((finding) => finding.side === desk.chosen);
  for (const one of document.querySelectorAll("#judgement [data-severity]"))
    one.setAttribute("aria-pressed", String(one.dataset.severity === last?.severity));
  drawEvidence();
}

export function drawEvidence() {
  const ranges = (now.desk?.findings || []).map(rangeOfSpan).filter(Boolean);
  highlight("evidence", ranges);
}

const rows = new WeakMap(); // what stands for a finding, and what it shows

// A row that shows what it is to show stays: somebody may be typing in it. Where that which has the
// focus goes, what has its place gets it, unless it was the mouse that pressed it.
function drawFindings(list, side) {
  const found = now.desk.findings.filter((finding) => finding.side === side).map(rowOf);
  const old = [...list.children];
  if (found.length === old.length && found.every((one, i) => one === old[i])) return;
  const held = list.querySelector(":focus-visible");
  const at = held && old.indexOf(held.closest("li"));
  list.replaceChildren(...found);
  if (!held) return;
  const row = found[Math.min(at, found.length - 1)];
  const same = row?.querySelector(held.matches(".away") ? ".away" : held.tagName);
  (same || row?.querySelector("select") || list.closest(".side").querySelector("[data-choose]")).focus();
}

function rowOf(finding) {
  const open = undecided(now.desk).includes(finding);
  const quote = quoteOf(finding);
  const shows = [finding.category, open, quote?.textContent, wants(now.desk, finding)].join();
  const known = rows.get(finding);
  if (known?.shows !== shows) {
    const item = row(finding, quote);
    rows.set(finding, { item, shows });
    return item;
  }
  const { item } = known;
  item.querySelector(".ramp").replaceWith(ramp(finding));
  item.querySelector("select").value = finding.severity || "";
  return item;
}

function row(finding, quote) {
  const desk = now.desk;
  const category = categoryOf(desk, finding.category);
  const item = make("li", category?.key === undefined ? "open" : "");
  const name = make("strong", "", category ? category.name : "no category");
  if (finding.was && category?.name !== finding.was) name.append(` (was ${finding.was})`);
  const label = name.textContent;
  if (undecided(desk).includes(finding)) name.replaceChildren(choice(finding));
  item.append(name, ramp(finding), severityOf(finding, label));
  if (quote) item.append(quote);
  else if (wants(desk, finding))
    item.append(make("span", "stop small", "mark its evidence, then press its key again"));
  const note = make("input");
  note.placeholder = "note";
  note.setAttribute("aria-label", `Note on ${label}`);
  note.value = finding.note || "";
  note.addEventListener("input", () => {
    finding.note = note.value;
    changed();
  });
  const away = button("×", () => changed(remove(desk, finding)));
  away.className = "away";
  away.setAttribute("aria-label", `Remove ${label}`);
  item.append(note, away);
  return item;
}

// How heavy it is, for the eye: as many bars as its severity stands high.
function ramp(finding) {
  const { severities } = now.desk.data;
  const at = severities.findIndex((one) => one.key === finding.severity);
  const bars = make("span", "ramp", "▂▃▅▆▇█".slice(0, Math.max(1, at + 1)));
  bars.setAttribute("aria-hidden", "true");
  bars.dataset.high = String(at === severities.length - 1);
  return bars;
}

function severityOf(finding, label) {
  const pick = make("select");
  pick.setAttribute("aria-label", `Severity of ${label}`);
  if (!finding.severity) pick.append(new Option("severity…", "", true, true));
  for (const one of now.desk.data.severities)
    pick.append(new Option(one.name, one.key, false, one.key === finding.severity));
  pick.addEventListener("change", () => {
    finding.severity = pick.value;
    if (!pick.matches(":focus-visible")) pick.blur(); // after the mouse, keys are the desk's again
    changed();
  });
  return pick;
}

function quoteOf(finding) {
  if (!finding.span && !finding.path) return null;
  const range = rangeOfSpan(finding);
  if (range) now.desk.quotes.set(finding, range.toString());
  const text = now.desk.quotes.get(finding) ?? placed(finding);
  const quote = make("mark");
  quote.dir = "auto";
  quote.textContent = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 1)}…` : text;
  if (finding.where !== "input") return quote;
  const both = make("span", "", "request: ");
  both.append(quote);
  return both;
}

function placed({ span, path }) {
  return span ? `characters ${span[0] + 1} to ${span[1]}${path ? ` of ${path}` : ""}` : path;
}

// "choose: Missed or Spurious (was Wrong label)", with a button for each.
function choice(finding) {
  const box = make("span", "stop", "choose: ");
  finding.choose
    .map((key) => categoryOf(now.desk, key))
    .filter(Boolean)
    .forEach((category, i) => {
      if (i) box.append(" or ");
      box.append(button(category.name, () => changed(decide(now.desk, finding, category.key))));
    });
  box.append(` (was ${finding.was})`);
  return box;
}

function make(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

function button(text, act) {
  const made = make("button", "", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// A list of choices, open, so that keys look around in it: in a closed one they choose at once.
export function openList(field) {
  field.focus();
  field.showPicker?.();
}
