// The review desk: what is pressed and clicked, and what each does. The parts are in desk/.

import * as ahead from "./desk/ahead.js";
import { draw, drawEvidence, onChange, openList } from "./desk/draw.js";
import { forget, saveSoon } from "./desk/drafts.js";
import "./desk/branches.js";
import * as evidence from "./desk/evidence.js";
import * as flags from "./desk/flags.js";
import "./desk/leases.js";
import * as judging from "./desk/judgement.js";
import { actOf, nextKey, previousKey } from "./desk/keys.js";
import { $, deskOf, now, post, say, serverNow, signedOut, tell } from "./desk/now.js";
import { seeTo } from "./desk/left.js";
import * as onward from "./desk/onward.js";
import * as search from "./desk/search.js";
import { checkCorrected, copy, nextWay, otherRequest, showIn, whole } from "./desk/ways.js";

const TWICE = 400; // milliseconds
let [hiddenAt, warned] = [0, null];

function start() {
  const node = $("#desk");
  if (!node || now.desk) return;
  const desk = deskOf(node);
  ahead.begun(desk);
  // Also where nothing is left to judge: what was not sent is not to wait for another item.
  const person = desk.data?.person ?? Number($("#desk-elsewhere").dataset.person);
  seeTo(person);
  if (!desk.data) return;
  (globalThis.requestIdleCallback || setTimeout)(ahead.prefetch);
}

function changed(said = "") {
  now.desk.acted = true;
  if (!now.desk.lost) $("#problems").replaceChildren(); // what was wrong may be right by now
  draw();
  saveSoon();
  evidence.showNow();
  if (said) tell(said);
}

onChange(changed);

// ---- Acts

const acts = {
  choose(side) {
    now.desk.chosen = side;
    draw();
    tell(`Judging side ${side}`);
  },
  fine(side = now.desk.chosen) {
    const gone = judging.fine(now.desk, side);
    changed(`Side ${side} is fine${gone}`);
  },
  "both-fine"() {
    const gone = judging.fine(now.desk, "AB");
    changed(`Both sides are fine${gone}`);
  },
  category(key) {
    const said = judging.add(now.desk, key, evidence.selected());
    evidence.clear();
    changed(said);
  },
  severity(key) {
    const said = judging.severity(now.desk, key);
    if (said) changed(said);
    else say("Add a finding first, then set how severe it is.");
  },
  remove() {
    const said = judging.remove(now.desk);
    if (said) changed(said);
    else tell(`There is no finding on side ${now.desk.chosen}.`);
  },
  "copy-A": () => copy("A"),
  "copy-B": () => copy("B"),
  edit: () => $("#corrected").focus(),
  other: () => openList($("#other")),
  mark: () => evidence.mark(),
  "next-way": () => nextWay(),
  "request-way": () => otherRequest(),
  find() {
    for (const [name, key] of [["next", nextKey()], ["previous", previousKey()]])
      for (const place of document.querySelectorAll(`[data-key="${name}"]`)) place.textContent = key;
    search.open();
  },
  found: (by) => search.step(by),
  keys: () => $("#keys").showModal(),
  skip: () => $("#skip-dialog")?.showModal(),
  flag: () => flags.open(),
  renew: () => onward.renew(),
  undo: () => onward.undo(),
  "go-on": () => onward.goOn(),
  "claim-again": (_, button) => onward.claimAgain(button.dataset.address),
  keep: (_, button) => onward.keep(button.dataset.address, sent()),
};

// ---- Submitting

function sent() {
  const { desk } = now;
  const away = desk.away + (hiddenAt ? performance.now() - hiddenAt : 0);
  const seconds = Math.round((performance.now() - desk.shownAt - away) / 100) / 10;
  const judgement = JSON.stringify({ ...judging.judgement(desk), duration_s: seconds });
  return { judgement, submission: desk.submission };
}

function submit() {
  const { desk } = now;
  if (!desk?.data || desk.sent) return;
  // Pressed or clicked twice, and the next item was filled in before: nobody has seen it yet.
  if (!desk.acted && performance.now() - desk.turnedAt < TWICE) return;
  const wanted = judging.missing(desk);
  if (wanted) {
    draw();
    return say(wanted);
  }
  if (desk.itemPage) return judge();
  ahead.leave(desk.form.action, sent(), "Submitted.");
}

// On the page of an item (adjudicating, revising) there is no next one: its own page comes back.
async function judge() {
  const { desk } = now;
  desk.sent = true;
  try {
    const answer = await post(desk.form.action, sent(), { headers: { "hx-request": "true" } });
    const where = answer.headers.get("hx-redirect");
    if (where) {
      forget(desk);
      return location.assign(where);
    }
    desk.sent = false;
    const out = signedOut(answer);
    if (out) say(`Not sent: ${out}, then submit again.`);
    else if (answer.ok || answer.status === 409 || answer.status === 422)
      $("#problems").innerHTML = await answer.text();
    else say(`The server answered ${answer.status}. Nothing is lost: submit again.`);
  } catch {
    desk.sent = false;
    say("The server did not take it. Nothing is lost: what you typed is here; submit again.");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "judgement" && !form.dataset.sent) return;
  event.preventDefault();
  if (form.id === "judgement") return submit();
  if (form.dataset.sent === "flag") return flags.send(form);
  const fields = Object.fromEntries(new FormData(form));
  form.closest("dialog").close();
  ahead.leave(form.action, fields, "Skipped.");
});

// ---- Mouse, fields

document.addEventListener("click", (event) => {
  const button = event.target.closest("#desk button[type=button]");
  if (!button || !now.desk) return;
  const { choose, fine, category, severity, do: act, show, find, mark } = button.dataset;
  if (choose) acts.choose(choose);
  else if (fine) acts.fine(fine);
  else if (category) acts.category(category);
  else if (severity) acts.severity(severity);
  else if (show) showIn(show);
  else if (mark) evidence.pickField(button.dataset);
  else if ("whole" in button.dataset) whole(button.dataset.whole);
  else if (find === "close") search.close();
  else if (find) search.step(find === "next" ? 1 : -1);
  else if (act) acts[act](undefined, button);
  else return;
  // After a click of the mouse, Enter means submit again.
  if (event.detail) button.blur();
});

document.addEventListener("mousedown", (event) => {
  // Pressing a category must not lose the evidence that is selected.
  if (event.target.closest("[data-category]")) event.preventDefault();
});

document.addEventListener("change", ({ target }) => {
  if (target.id === "other" && target.value) {
    acts.category(target.value);
    target.value = "";
    target.blur();
  }
  if (target.id === "single-keys") localStorage.setItem("single-keys", target.checked ? "on" : "off");
});

document.addEventListener("input", ({ target }) => {
  if (target.id === "corrected") checkCorrected();
  if (target.id === "corrected" || target.id === "note") {
    now.desk.acted = true;
    saveSoon();
  }
  if (target.id === "find") search.typed();
});

// ---- Keys

// Keys that were pressed while the next item was on its way are for that one: for one judgement, and
// only if it comes at once. Nobody judges what they wait for.
const AT_ONCE = 1000; // milliseconds
const early = [];

ahead.onShown((isNew = true) => {
  search.forget();
  showLease();
  const keys = early.splice(0);
  for (const [key, at] of isNew ? keys : []) {
    if (performance.now() - at > AT_ONCE) continue;
    if (now.desk.sent) break;
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
});

document.addEventListener("keydown", (event) => {
  start();
  if (!now.desk || event.defaultPrevented || $("dialog[open]")) return;
  if (!now.desk.data) return event.key === "u" && acts.undo();
  if (now.desk.sent) {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && event.key !== "Tab")
      taken(event, () => event.repeat || early.push([event.key, performance.now()]));
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
    return taken(event, () => event.repeat || submit());
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (evidence.isMarking() && event.key !== "Enter" && evidence.markingKey(event))
    return event.preventDefault();
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select");
  if (event.target.id === "find" && event.key === "Enter")
    return taken(event, () => search.step(event.shiftKey ? -1 : 1));
  if (event.key === "Escape") {
    if (event.target.id === "find" || (!typing && search.isOpen())) search.close();
    else if (typing) {
      typing.blur();
      tell("Left the field.");
    }
    else evidence.clear();
    return;
  }
  if (typing?.id === "other" && /^(Arrow|.$)/.test(event.key)) return taken(event, () => openList(typing));
  if (typing) return;
  if (event.key === "Enter") {
    if (event.target.closest("button, a, summary")) return;
    return event.repeat ? event.preventDefault() : taken(event, submit);
  }
  if (!$("#single-keys").checked) return;
  const act = actOf(event.key, search.isOpen());
  if (act) taken(event, () => acts[act[0]](act[1]));
});

function taken(event, act) {
  event.preventDefault();
  act();
}

// ---- Time

function showLease() {
  const place = $("[data-lease]");
  if (!place || !now.desk?.data) return;
  const until = place.dataset.lease;
  if (until && serverNow() === null) return;
  const left = Math.floor((new Date(until) - serverNow()) / 1000);
  const soon = Boolean(until) && left <= 60;
  place.textContent = !until
    ? "–"
    : left > 0
      ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`
      : "ran out";
  place.classList.toggle("stop", soon);
  $("[data-do=renew]").hidden = !soon;
  if (!soon) return;
  if (warned !== until && !now.desk.sent)
    tell(left > 0 ? "Your lease ends in a minute: = keeps the item." : "Your lease ran out: = keeps the item, if nobody took it.");
  warned = until;
}

setInterval(showLease, 1000);

document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = performance.now();
  else if (hiddenAt) {
    if (now.desk?.data) now.desk.away += performance.now() - hiddenAt;
    hiddenAt = 0;
    showLease();
  }
});

start();
showLease();
drawEvidence();
