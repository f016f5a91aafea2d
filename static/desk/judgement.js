// What is judged: the chosen side, the verdicts, the findings. The server checks it all again.

import { $ } from "./now.js";

export function begin(desk) {
  const draft = desk.draft || desk.data.draft || {};
  desk.quotes = new WeakMap(); // what a finding's evidence says, while its text is not shown
  desk.sides = { ...(draft.sides || {}) };
  desk.findings = (draft.findings || []).map((finding) => ({ ...finding }));
  desk.chosen = undecided(desk)[0]?.side || "A";
  $("#corrected").value = asText(draft.corrected_output);
  $("#note").value = draft.note || "";
}

function asText(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function categoryOf(desk, key) {
  return desk.data.categories.find((one) => one.key === key);
}

// One side, or "AB". Answers with what went with it.
export function fine(desk, sides) {
  for (const side of sides) desk.sides[side] = "ok";
  const before = desk.findings.length;
  desk.findings = desk.findings.filter(({ side }) => !sides.includes(side));
  const gone = before - desk.findings.length;
  return gone ? `: ${gone} finding${gone > 1 ? "s" : ""} removed` : "";
}

// A finding of a category, with what is marked as its evidence. Answers with what was done.
export function add(desk, key, evidence) {
  const category = categoryOf(desk, key);
  const side = evidence?.side || desk.chosen;
  const open = !evidence && undecided(desk, side).find((one) => one.choose.includes(key));
  if (open) return decide(desk, open, key);
  const bare = evidence && desk.findings.findLast((one) => one.side === side && wants(desk, one));
  if (bare?.category === key) {
    Object.assign(bare, evidence.at);
    desk.quotes.set(bare, evidence.quote);
    desk.chosen = side;
    return `evidence of ${category.name} on side ${side}`;
  }
  const finding = {
    side,
    category: key,
    severity: category.severity || desk.data.severities[0].key,
    ...evidence?.at,
  };
  desk.findings.push(finding);
  if (evidence) desk.quotes.set(finding, evidence.quote);
  desk.sides[side] = "error";
  desk.chosen = side;
  return `${category.name} on side ${side}`;
}

// Whether a finding still lacks the evidence that its category asks for.
export function wants(desk, finding) {
  return categoryOf(desk, finding.category)?.evidence && !finding.span && !finding.path;
}

// Findings of an earlier taxonomy version that can be one of several categories now.
export function undecided(desk, side) {
  return desk.findings.filter(
    (one) => !one.category && one.choose?.length && (!side || one.side === side),
  );
}

export function decide(desk, finding, key) {
  finding.category = key;
  const category = categoryOf(desk, key);
  finding.severity ||= category?.severity || desk.data.severities[0].key;
  return `${category?.name} on side ${finding.side}`;
}

export function severity(desk, key) {
  const last = desk.findings.findLast((finding) => finding.side === desk.chosen);
  if (!last) return "";
  last.severity = key;
  return `severity ${desk.data.severities.find((one) => one.key === key).name}`;
}

export function remove(desk, finding) {
  const gone = finding || desk.findings.findLast((one) => one.side === desk.chosen);
  if (!gone) return "";
  desk.findings = desk.findings.filter((one) => one !== gone);
  for (const side of "AB") {
    const has = desk.findings.some((one) => one.side === side);
    if (!has && desk.sides[side] === "error") delete desk.sides[side];
  }
  return `removed ${categoryOf(desk, gone.category)?.name || "the finding"}`;
}

// As the server takes it.
export function judgement(desk) {
  const corrected = desk.node.querySelector("#corrected").value;
  return {
    taxonomy: desk.data.taxonomy,
    sides: desk.sides,
    findings: desk.findings,
    ...(corrected ? { corrected_output: asCopied(desk, corrected) } : {}),
    note: desk.node.querySelector("#note").value,
  };
}

// A text field turns carriage returns into line feeds: what was copied and left alone stays as it
// is in the output.
function asCopied(desk, text) {
  const { copied } = desk;
  return copied && copied.replace(/\r\n?/g, "\n") === text ? copied : text;
}

// What is missing before it can be submitted, in words; nothing where it is whole.
export function missing(desk) {
  const open = [..."AB"].filter((side) => !desk.sides[side]);
  const [first] = undecided(desk);
  if (open.length === 2) return "Judge a side first: a finding, or f for fine (F for both).";
  if (first) {
    const names = first.choose.map((key) => categoryOf(desk, key)?.name);
    desk.chosen = first.side;
    return `Side ${first.side}: choose ${names.join(" or ")} (was ${first.was}).`;
  }
  if (open.length === 1)
    return `Side ${open[0]} is not judged yet: press ${open[0].toLowerCase()}, then f or a finding.`;
  const bare = desk.findings.find((one) => wants(desk, one));
  if (!bare) return "";
  desk.chosen = bare.side;
  const name = categoryOf(desk, bare.category).name;
  return `${name} on side ${bare.side} needs evidence: mark it in the text (j without a mouse), then press the key of ${name} again.`;
}
