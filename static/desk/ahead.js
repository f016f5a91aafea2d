// The next item, fetched while this one is read, and shown at once when this one is submitted. The
// old form is kept, outside of the page, until the server has said yes.

import { begin } from "./judgement.js";
import { draw } from "./draw.js";
import { carry, flush, forget, kept, saveSoon, stop } from "./drafts.js";
import * as outbox from "./outbox.js";
import { $, address, ask, deskOf, nodeOf, now, post, say, signedOut, tell } from "./now.js";
import { offer, REFUSED } from "./refused.js";
import { toLastTurn, toPreferred } from "./ways.js";

const AGAIN = 10_000;

// `desk` of the item fetched ahead; `none` where the server has no more; `busy` while it is asked.
export const next = { desk: null, none: false, busy: false };
let wanted = false; // somebody waits for the next item
let asks = 0; // how often the next item was asked for
let shown = (isNew = true) => isNew;
export const others = new BroadcastChannel("crosscheck-desk");

// `done(isNew)` is called when another item stands on the page; false where an old one is back.
export function onShown(done) {
  shown = done;
}

// What is fetched ahead; said on the page, too, for who looks from outside.
export function setNext(desk, none = false) {
  Object.assign(next, { desk, none });
  const place = $("#desk-elsewhere");
  if (desk) place.dataset.ahead = desk.data.item;
  else delete place.dataset.ahead;
}

// ---- What stands on the page

// Puts an item before the person, as it was left or as it was fetched.
export function show(desk, said = "") {
  const old = now.desk;
  if (old && old !== desk) old.node.replaceWith(desk.node);
  desk.turnedAt = performance.now();
  begun(desk);
  scrollTo(0, 0);
  $("main").scrollTop = 0;
  desk.node.querySelector("h1")?.focus({ preventScroll: true });
  outbox.show();
  if (said) tell(said); // which one it is, the heading says
  shown();
}

// Makes an item that stands on the page the one that the keys are for.
export function begun(desk) {
  now.desk = desk;
  if (!desk.data) return;
  if (!desk.begun) {
    desk.begun = true;
    fill(desk);
    toLastTurn();
    desk.shownAt = performance.now();
  }
  $("#single-keys").checked = localStorage.getItem("single-keys") !== "off";
  $("#desk-data").dataset.started = "yes";
  draw();
  toPreferred();
}

// The form begins with what was typed before.
export function fill(desk) {
  const here = kept(desk);
  desk.draft = here?.taxonomy === desk.data.taxonomy ? here : null;
  begin(desk);
  if (desk.draft) saveSoon(desk);
  else if (here) carry(desk).then((done) => done && desk === now.desk && askAgain(CARRIED));
}

const CARRIED = "The run has moved to another taxonomy version. What you typed is carried over: look it over, and submit.";

// What the server knows of the item by now is put before the person.
async function askAgain(why) {
  const { desk } = now;
  if (desk.touched || desk.sent) return;
  if (desk.itemPage) return location.reload();
  await nextWith(why);
}

// The next item, and why it stands here all at once.
async function nextWith(why) {
  await loadNext(why);
  notice(why);
}

// ---- Fetching ahead

const SCRIPT = "script[data-desk]";

// Whether the server has got another version of the desk than this page is of.
const isOld = (script) => Boolean(script) && script !== $(SCRIPT)?.getAttribute("src");

export async function prefetch() {
  if (!now.desk?.data || now.desk.itemPage || next.desk || next.none || next.busy) return;
  next.busy = true;
  const { desk } = now;
  const asked = performance.now();
  try {
    const answer = await post(address("ahead/"));
    if (answer.status === 204 || isOld(answer.headers.get("x-desk-script"))) setNext(null, true);
    else if (answer.ok) {
      const found = deskOf(nodeOf(await answer.text()), asked);
      if (found.data && found.data.item !== now.desk?.data?.item) setNext(found);
    } else if (!signedOut(answer) && desk === now.desk) setTimeout(prefetch, AGAIN);
  } catch {
    setTimeout(prefetch, AGAIN);
  }
  next.busy = false;
  if (wanted && next.desk && now.desk.sent) showFollowing();
}

// Asks the server for what is to be judged now, and shows it.
export async function loadNext(said = "") {
  wanted = false;
  const mine = ++asks;
  const asked = performance.now();
  try {
    const answer = await ask(address(""), { cache: "no-store" });
    if (!answer.ok) throw new Error(signedOut(answer) || `the server answered ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asks) return; // asked for once more meanwhile
    if (isOld(page.querySelector(SCRIPT)?.getAttribute("src"))) return location.reload();
    let found = deskOf(document.adoptNode(page.querySelector("#desk")), asked);
    if (next.desk && next.desk.data.item === found.data?.item) {
      copyLease(found.node, next.desk.node);
      copyCounts(found.node, next.desk.node);
      found = next.desk;
    }
    const { desk } = now;
    if (desk.unsaved && !desk.sent && !desk.lost && desk.data.item === found.data?.item) found = desk;
    if (!next.desk || next.desk === found || !found.data) setNext(null);
    show(found, said);
    prefetch();
  } catch (error) {
    if (mine !== asks) return;
    wanted = true;
    const why = error.name === "Error" ? error.message : "the server does not answer";
    say(`The next item is not here yet: ${why}. It is asked again.`);
    setTimeout(() => wanted && loadNext(said), 3000);
  }
}

export function copyLease(from, to) {
  const lease = from.querySelector("[data-lease]")?.dataset.lease;
  const place = to.querySelector("[data-lease]");
  if (lease && place) place.dataset.lease = lease;
}

function copyCounts(from, to) {
  for (const name of ["[data-left]", "[data-today]"]) {
    const [old, place] = [from, to].map((one) => one.querySelector(name));
    if (old && place) place.textContent = old.textContent;
  }
}

// ---- Submitting and skipping

// Sends what is judged (or that it is skipped) and shows the next item without waiting.
export function leave(where, fields, said) {
  const { desk } = now;
  if (desk.sent) return;
  desk.sent = true;
  const alone = stop(desk);
  $("#problems").replaceChildren();
  const { item, person } = desk.data;
  outbox.send({ desk, item, person, address: where, fields, said }, alone);
  if (next.desk) return showFollowing();
  desk.node.setAttribute("aria-busy", "true");
  wanted = true;
}

// The item that was fetched ahead, in place of one that is on its way to the server.
function showFollowing() {
  wanted = false;
  const following = next.desk;
  setNext(null);
  copyCounts(now.desk.node, following.node);
  const lease = following.node.querySelector("[data-lease]");
  if (lease) lease.dataset.lease = ""; // begins when the server has the judgement
  show(following);
}

outbox.onAnswers({
  done(entry, { counts, held }) {
    const { desk } = now;
    const made = { person: entry.person, item: entry.item };
    others.postMessage(made);
    if (!entry.desk) {
      outbox.tellOf("What a tab that was closed had not sent yet is sent.");
      isDone(made);
    }
    if (!entry.address.startsWith(new URL(address(""), location).href)) return; // of another project
    if (!wanted) count(counts); // else they come with the next item
    if (held && desk.data?.item === held.item) $("[data-lease]").dataset.lease = held.lease_until;
    if (outbox.waiting() || desk.lost) return;
    if (wanted || desk === entry.desk) {
      loadNext(entry.said);
    } else if (entry.desk && desk.data && held?.item !== desk.data.item) {
      // What was fetched ahead has gone to somebody else.
      flush(desk).then(() => nextWith(GONE));
    } else {
      if (held) tell(`${entry.said} u undoes it.`);
      prefetch();
    }
  },
  refused(entry, html, status, safe) {
    const wasWanted = wanted;
    wanted = false;
    if (!entry.desk) return safe ? elsewhere(entry) : offer();
    if (safe && !entry.fields.submission) {
      // It was skipped, and is not theirs any more: as good.
      return void (wasWanted ? loadNext(NO_SKIP) : tell(NO_SKIP));
    }
    comeBack(entry);
    if (html) $("#problems").innerHTML = html;
    else say(REFUSED[status] || `The server refused it (${status}). What you typed is here: try again, or reload.`);
    now.desk.lost = Boolean($("#problems [data-do=go-on]"));
    if (!safe) saveSoon(entry.desk); // the server may not have what was typed
    $("#problems .actions")?.focus(); // the ways on
  },
  async moved(entry, why) {
    wanted = false;
    const { desk } = now;
    if (desk !== entry.desk) {
      setNext(null); // what was fetched ahead stands on the page
      await flush(desk);
    }
    await loadNext(why);
    if (now.desk.data?.item === entry.item) notice(why);
    else elsewhere(entry);
  },
});

const GONE = "The item that was shown has gone to somebody else. This is the next one; what you typed there is kept as a draft.";
const NO_SKIP = "The item that was skipped is not yours any more: there was nothing left to skip.";

// Brings back the form of a judgement that was not taken, with everything that was typed.
function comeBack({ desk }) {
  shown(false);
  desk.sent = false;
  desk.node.removeAttribute("aria-busy");
  if (now.desk === desk) return;
  const aside = now.desk;
  if (aside.data && !aside.sent) {
    flush(aside);
    setNext(aside);
  }
  show(desk);
}

export function count({ left, left_more, today }) {
  for (const place of document.querySelectorAll("[data-left]"))
    place.textContent = `${left.toLocaleString("en")}${left_more ? "+" : ""}`;
  for (const place of document.querySelectorAll("[data-today]")) place.textContent = today;
}

// It was sent by a page that is gone: there is no form to bring back.
function elsewhere({ fields }) {
  notice(
    fields.submission
      ? "A judgement that was made here while the server could not be reached was not counted: the item is somebody else's by now, or done. What was typed is kept as a draft on it."
      : NO_SKIP,
  );
}

// As `say`, but never in place of the ways on from what was lost.
export function notice(text) {
  if (now.desk?.lost) outbox.tellOf(text);
  else say(text);
}

others.addEventListener("message", ({ data }) => data.left || isDone(data));

// Another tab of the same person has submitted an item.
function isDone({ person, item }) {
  const { desk } = now;
  if (!desk?.data || desk.itemPage || desk.data.person !== person) return;
  if (next.desk?.data.item === item) setNext(null);
  if (desk.data.item !== item || desk.sent) return;
  if (!desk.touched) {
    forget(desk);
    return nextWith("You have submitted the item that stood here in another tab. This is the next one.");
  }
  desk.lost = desk.unsaved = true; // submitting it there has taken the draft
  say("You have submitted this item in another tab: what you said there counts. What is typed here is kept as a draft: revise what you said with it, or go on.");
  const place = $("#problems .notice");
  const on = document.createElement("button");
  Object.assign(on, { type: "button", textContent: "Go on with the next item" });
  on.dataset.do = "go-on";
  const revise = document.createElement("a");
  Object.assign(revise, { href: address(`../queue/${item}/?revise`), textContent: "Revise it" });
  place.append(" ", on);
  flush(desk).then(() => on.before(revise, " ")); // what is typed is there by then
}
