// The desk: keys, findings, evidence, drafts. The server checks everything again.

// What is quoted as evidence, by finding: only for showing it.
const quotes = new WeakMap();
let data, state, shownAt, hiddenFor, hiddenAt, saveTimer, leaseTimer;

const $ = (selector) => document.querySelector(selector);
const form = () => $("#judgement");

function start() {
  const source = $("#desk-data");
  if (!source || source.dataset.started) return;
  source.dataset.started = "yes";
  data = JSON.parse(source.textContent);
  const draft = data.draft || {};
  state = {
    chosen: "A",
    sides: { ...(draft.sides || {}) },
    findings: (draft.findings || []).map((finding) => ({ ...finding })),
  };
  $("#corrected").value = asText(draft.corrected_output);
  $("#note").value = draft.note || "";
  shownAt = performance.now();
  hiddenFor = 0;
  $("#single-keys").checked = localStorage.getItem("single-keys") !== "off";
  clearInterval(leaseTimer);
  leaseTimer = setInterval(showLease, 1000);
  showLease();
  draw();
}

function asText(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

// ---- What is judged

function choose(side) {
  state.chosen = side;
  draw();
}

function fine(side) {
  state.sides[side] = "ok";
  state.findings = state.findings.filter((finding) => finding.side !== side);
  changed();
}

function add(key) {
  const category = data.categories.find((one) => one.key === key);
  const evidence = selected();
  const side = evidence?.side || state.chosen;
  state.findings.push({
    side,
    category: key,
    severity: category.severity || data.severities[0].key,
    ...evidence?.at,
  });
  if (evidence) quotes.set(state.findings.at(-1), evidence.quote);
  state.sides[side] = "error";
  state.chosen = side;
  getSelection().removeAllRanges();
  changed();
}

function severity(key) {
  const last = state.findings.findLast((finding) => finding.side === state.chosen);
  if (!last) return say("Add a finding first, then set how severe it is.");
  last.severity = key;
  changed();
}

function remove(finding) {
  const gone = finding || state.findings.findLast((one) => one.side === state.chosen);
  state.findings = state.findings.filter((one) => one !== gone);
  for (const side of "AB") {
    const has = state.findings.some((one) => one.side === side);
    if (!has && state.sides[side] === "error") delete state.sides[side];
  }
  changed();
}

// The selected stretch of a side's text, or of the request, in code points from its start.
function selected() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const box = range.commonAncestorContainer.parentElement?.closest("[data-text], [data-input]");
  if (!box) return null;
  const before = document.createRange();
  before.selectNodeContents(box);
  before.setEnd(range.startContainer, range.startOffset);
  const start = [...before.toString()].length;
  const text = range.toString();
  if (!text) return null;
  const span = [start, start + [...text].length];
  const { text: side, input: path } = box.dataset;
  if (side) return { side, quote: text, at: { span } };
  return { quote: text, at: { span, where: "input", ...(path ? { path } : {}) } };
}

function judgement() {
  const corrected = $("#corrected").value;
  return {
    sides: state.sides,
    findings: state.findings,
    ...(corrected ? { corrected_output: corrected } : {}),
    note: $("#note").value,
  };
}

// ---- What is seen

function draw() {
  for (const side of "AB") {
    const box = $(`.side[data-side="${side}"]`);
    box.classList.toggle("chosen", side === state.chosen);
    pressed(box.querySelector("[data-choose]"), side === state.chosen);
    pressed(box.querySelector("[data-fine]"), state.sides[side] === "ok");
    const rows = state.findings.filter((finding) => finding.side === side).map(row);
    box.querySelector("[data-findings]").replaceChildren(...rows);
  }
  $("[data-chosen]").textContent = state.chosen;
}

function quoted({ side, span, where, path }) {
  const box = where === "input" && document.querySelector(`[data-input="${CSS.escape(path || "")}"]`);
  const text = where === "input" ? box?.textContent || "" : data.texts[side];
  return [...text].slice(...span).join("");
}

function pressed(button, value) {
  button.setAttribute("aria-pressed", String(value));
}

function row(finding) {
  const category = data.categories.find((one) => one.key === finding.category);
  const item = document.createElement("li");
  const name = document.createElement("strong");
  name.textContent = category ? category.name : "no category";
  const pick = document.createElement("select");
  pick.setAttribute("aria-label", `Severity of ${name.textContent}`);
  for (const one of data.severities) {
    pick.append(new Option(one.name, one.key, false, one.key === finding.severity));
  }
  pick.addEventListener("change", () => {
    finding.severity = pick.value;
    changed();
  });
  item.append(name, pick);
  if (finding.span) {
    const quote = document.createElement("mark");
    const text = quotes.get(finding) ?? quoted(finding);
    quote.textContent = text.length > 80 ? `${text.slice(0, 79)}…` : text;
    item.append(quote);
  } else if (category?.evidence) {
    const wanted = document.createElement("span");
    wanted.className = "stop small";
    wanted.textContent = "mark the evidence in the text, then press its key again";
    item.append(wanted);
  }
  const note = document.createElement("input");
  note.placeholder = "note";
  note.setAttribute("aria-label", `Note on ${name.textContent}`);
  note.value = finding.note || "";
  note.addEventListener("input", () => {
    finding.note = note.value;
    saveSoon();
  });
  const away = document.createElement("button");
  away.type = "button";
  away.textContent = "×";
  away.setAttribute("aria-label", `Remove ${name.textContent}`);
  away.addEventListener("click", () => remove(finding));
  item.append(note, away);
  return item;
}

function say(text) {
  const notice = document.createElement("p");
  notice.className = "notice error";
  notice.textContent = text;
  $("#problems").replaceChildren(notice);
}

function showLease() {
  const place = $("[data-lease]");
  if (!place) return;
  const left = Math.floor((new Date(place.dataset.lease) - Date.now()) / 1000);
  place.textContent =
    left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "ran out";
}

// ---- Drafts: saved as typed, within a second

function changed() {
  draw();
  saveSoon();
}

function saveSoon() {
  clearTimeout(saveTimer);
  saveTimer = setTimeout(save, 400);
}

function draftAddress() {
  return form().action.replace(/(submit|judge)\/$/, "draft/").replace("/queue/", "/review/");
}

async function save() {
  const item = data.item;
  try {
    const answer = await fetch(draftAddress(), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-csrftoken": form().csrfmiddlewaretoken.value,
      },
      body: JSON.stringify(judgement()),
      keepalive: true,
    });
    if (data.item !== item) return;
    $("#draft-state").textContent = answer.ok ? "draft saved" : "draft not saved";
  } catch {
    $("#draft-state").textContent = "offline: draft not saved yet";
    saveTimer = setTimeout(save, 3000);
  }
}

// ---- Submitting

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.id !== "judgement") return;
  clearTimeout(saveTimer);
  const away = hiddenFor + (hiddenAt ? performance.now() - hiddenAt : 0);
  const seconds = Math.round((performance.now() - shownAt - away) / 100) / 10;
  event.detail.parameters.judgement = JSON.stringify({ ...judgement(), duration_s: seconds });
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "judgement") return;
  const open = [..."AB"].filter((side) => !state.sides[side]);
  if (open.length === 2) {
    event.preventDefault();
    say("Judge a side first: a finding, or f for fine (F for both).");
  } else if (open.length === 1) {
    event.preventDefault();
    say(`Side ${open[0]} is not judged yet: press ${open[0].toLowerCase()}, then f or a finding.`);
  }
});

for (const kind of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.id !== "judgement") return;
    say("The server did not take it. Nothing is lost: what you typed is here; submit again.");
    saveSoon();
  });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = performance.now();
  else if (hiddenAt) {
    hiddenFor += performance.now() - hiddenAt;
    hiddenAt = 0;
  }
});

// ---- Mouse and keys

const acts = {
  remove: () => remove(),
  edit: () => $("#corrected").focus(),
  skip: () => $("#skip-dialog")?.showModal(),
  "both-fine": () => [..."AB"].forEach(fine),
  "copy-A": () => copy("A"),
  "copy-B": () => copy("B"),
};

function copy(side) {
  $("#corrected").value = data.texts[side];
  saveSoon();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#judgement button[type=button]");
  if (!button || !data) return;
  const { choose: side, fine: ok, category, severity: how, do: act } = button.dataset;
  if (side) choose(side);
  else if (ok) fine(ok);
  else if (category) add(category);
  else if (how) severity(how);
  else if (act && act !== "skip") acts[act]();
  // After a click of the mouse, Enter means submit again.
  if (event.detail) button.blur();
});

document.addEventListener("mousedown", (event) => {
  // Pressing a category must not lose the evidence that is selected.
  if (event.target.closest("[data-category]")) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.id === "other" && event.target.value) {
    add(event.target.value);
    event.target.value = "";
    event.target.blur();
  }
  if (event.target.id === "single-keys") {
    localStorage.setItem("single-keys", event.target.checked ? "on" : "off");
  }
});

document.addEventListener("input", (event) => {
  if (event.target.id === "corrected" || event.target.id === "note") saveSoon();
});

document.addEventListener("keydown", (event) => {
  start(); // a key may come between the swap and htmx's word of it
  if (!form() || !data || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, textarea, select");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  if (event.key === "Enter") return event.target.closest("button, a") ? undefined : send(event);
  if (!$("#single-keys").checked) return;
  const key = event.key;
  const category = data.categories.find((one) => one.hotkey === key);
  const how = data.severities.find((one) => one.hotkey === key);
  if (category) add(category.key);
  else if (how) severity(how.key);
  else if (key === "a" || key === "b") choose(key.toUpperCase());
  else if (key === "f") fine(state.chosen);
  else if (key === "F") acts["both-fine"]();
  else if (key === "Backspace") remove();
  else if (key === "c") copy("A");
  else if (key === "v") copy("B");
  else if (key === "e") acts.edit();
  else if (key === "k") acts.skip();
  else if (key === "o") $("#other").focus();
  else if (key === "?") $("#keys").showModal();
  else return;
  event.preventDefault();
});

function send(event) {
  event.preventDefault();
  // htmx takes up a form some 20 ms after its swap: a quicker Enter would leave the page.
  htmx.process(form());
  form().requestSubmit();
}

document.addEventListener("htmx:load", start);
start();
