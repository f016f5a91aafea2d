// The taxonomy editor: keys, focus, and what was typed and not saved. The server does the rest.

const $ = (selector) => document.querySelector(selector);
const rows = () => [...document.querySelectorAll("[data-tree] a")];
// Moves that wait for the answer to the one before: each has to name the newest revision.
const waiting = [];
let busy = false;
let later = null; // what a key asked for while an answer was on its way
let goal = ""; // where the focus belongs after the next swap: "panel", "tree" or ""
let scrolled = 0;
let typed = false;

function single() {
  return localStorage.getItem("single-keys") !== "off";
}

// ---- The tree has one stop for Tab; arrows go on from there

function start() {
  const editor = $("#editor");
  if (!editor || editor.dataset.started) return;
  editor.dataset.started = "yes";
  typed = false;
  const links = rows();
  const current = links.find((row) => row.hasAttribute("aria-current")) || links[0];
  for (const row of links) row.tabIndex = row === current ? 0 : -1;
  for (const box of document.querySelectorAll("[data-tree] input")) box.tabIndex = -1;
  $("#single-keys").checked = single();
  $("[data-tree]").scrollTop = scrolled;
}

function focusRow(row) {
  if (!row) return;
  for (const other of rows()) other.tabIndex = other === row ? 0 : -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function chosenRow() {
  const active = document.activeElement;
  return active.matches?.("[data-tree] a") ? active : $('[data-tree] a[tabindex="0"]');
}

function walk(row, key) {
  const links = rows();
  const place = links.indexOf(row);
  if (key === "ArrowDown") return links[place + 1];
  if (key === "ArrowUp") return links[place - 1];
  if (key === "Home") return links[0];
  if (key === "End") return links.at(-1);
  if (key === "ArrowRight") return row.closest("li").querySelector("ul a");
  return row.closest("ul").closest("li")?.querySelector("a");
}

// ---- What goes to the server

// Now, or when the editor that is on its way is there: it names the newest revision.
function whenFree(act) {
  if (busy || !$("#editor").dataset.settled) later = act;
  else act();
}

function go(query, then) {
  if (!mayLeave()) return;
  goal = then;
  htmx.ajax("GET", `${$("#editor").dataset.here}?${new URLSearchParams(query)}`, {
    target: "#editor",
    swap: "outerHTML",
  });
}

function move(key, way) {
  waiting.push([key, way]);
  sendMove();
}

function sendMove() {
  if (busy || !waiting.length) return;
  if (!mayLeave()) {
    waiting.length = 0;
    return;
  }
  const form = $("#move-form");
  [form.elements.of.value, form.elements.way.value] = waiting.shift();
  busy = true;
  goal = "tree";
  htmx.process(form);
  form.requestSubmit();
}

function mayLeave() {
  return !typed || confirm("What you typed is not saved. Go on without it?");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const from = event.detail.elt;
  if (!from.closest("#editor")) return;
  // Links leave a form behind; a form that is sent takes its own text along.
  if (from.matches("a, #undo-form, #merge-form, .moves") && !mayLeave()) {
    event.preventDefault();
    busy = false;
  }
});

document.addEventListener("htmx:beforeSwap", () => {
  scrolled = $("[data-tree]")?.scrollTop || 0;
});

document.addEventListener("htmx:afterSettle", () => {
  const editor = $("#editor");
  if (!editor || editor.dataset.settled) return; // a preview, which leaves the editor in place
  editor.dataset.settled = "yes";
  start();
  busy = false;
  $("#said").textContent = editor.dataset.said;
  const wrong = $("#panel .errorlist, #panel [role=alert]");
  if (wrong) {
    const field = wrong.closest(".field")?.querySelector("input, textarea, select");
    (field || $("#panel")).focus({ preventScroll: true });
    wrong.scrollIntoView({ block: "nearest" });
    waiting.length = 0;
  } else if (goal === "panel") focusPanel();
  else if (goal === "tree") {
    const key = editor.dataset.chosen;
    focusRow(document.getElementById(`node-${key}`) || chosenRow());
  }
  goal = "";
  sendMove();
  const act = later;
  later = null;
  if (act) whenFree(act);
});

for (const kind of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(kind, () => {
    busy = false;
    later = null;
    waiting.length = 0;
    $("#said").textContent = "The server did not answer. Nothing you typed is lost: try again.";
  });
}

function focusPanel() {
  const fields = "input:not([type=hidden]), textarea, select";
  const field = [...document.querySelectorAll(`#panel form:not(.moves) :is(${fields})`)].find(
    (one) => one.offsetParent,
  );
  (field || $("#panel")).focus();
  if (field?.matches("input:not([type])") || field?.type === "text") field.select(); // as Tab does
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#editor a");
  if (link?.matches("[data-tree] a")) goal = event.detail ? "" : "panel";
  else if (link?.matches("[data-focus-panel]")) goal = "panel";
});

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#editor")) return;
  if (event.target.id === "merge-form") goal = "panel";
  else if (!goal) goal = event.target.closest(".severities, .severity, .moves") ? "" : "tree";
  if (event.target.matches("[data-typed]")) typed = false;
  if (event.target.matches("[hx-post], [hx-get]")) busy = true;
});

document.addEventListener("input", (event) => {
  if (!event.target.closest("[data-typed]")) return;
  typed = true;
  const note = $("[data-unsaved]");
  if (note) note.hidden = false;
});

window.addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.id === "single-keys") {
    localStorage.setItem("single-keys", event.target.checked ? "on" : "off");
  }
});

// ---- Keys

const letters = {
  n: (key) => go({ do: "new", beside: key }, "panel"),
  N: (key) => go({ do: "new", under: key }, "panel"),
  s: (key) => go({ do: "split", category: key }, "panel"),
  Delete: (key) => go({ do: "remove", category: key }, "panel"),
  v: () => go({ do: "severities" }, "panel"),
  m: () => $("[data-go=m]").click(),
  p: () => $("[data-go=p]").click(),
  t: () => focusRow(chosenRow()),
  u: () => {
    if (!$("#undo-form")) return;
    htmx.process($("#undo-form"));
    $("#undo-form").requestSubmit();
  },
  x: (key) => document.querySelector(`[data-tree] input[value="${CSS.escape(key)}"]`).click(),
  "?": () => $("#keys").showModal(),
};

const WAYS = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" };

document.addEventListener("keydown", (event) => {
  if (!$("#editor") || document.querySelector("dialog[open]")) return;
  start(); // a key may come between the swap and htmx's word of it
  const { key, target } = event;
  const form = target.closest("#panel form");
  if (key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
    event.preventDefault();
    htmx.process(form);
    form.requestSubmit();
    return;
  }
  const row = target.closest("[data-tree] a");
  if (event.altKey && row && WAYS[key]) {
    event.preventDefault();
    move(row.dataset.node, WAYS[key]);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === "Escape" && target.closest("#panel")) return focusRow(chosenRow());
  if (target.closest("textarea, select, input:not([type=checkbox])")) return;
  if (row && ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) {
    event.preventDefault();
    focusRow(walk(row, key));
    return;
  }
  if (row && key === "Enter") {
    event.preventDefault();
    whenFree(() => go({ category: row.dataset.node }, "panel"));
    return;
  }
  if (!letters[key] || (key !== "Delete" && !single())) return;
  if (key === "Delete" && !row) return;
  event.preventDefault();
  const of = chosenRow()?.dataset.node;
  whenFree(() => letters[key](of));
});

start();
$("#editor").dataset.settled = "yes"; // by the page itself
