// The next item, fetched while this one is read, and shown at once when this one is submitted. The
// old form is kept, outside of the page, until the server has said yes.

import { begin } from "./judgement.js";
import { draw } from "./draw.js";
import { flush, forget, kept, saveSoon, stop } from "./drafts.js";
import * as outbox from "./outbox.js";
import { $, address, deskOf, nodeOf, now, post, say, signedOut, tell } from "./now.js";
import { offer } from "./refused.js";
import { toLastTurn, toPreferred } from "./ways.js";

const RENEWED_EVERY = 60_000;
const AGAIN = 10_000;
const LEFT = "crosscheck-left"; // this tab has just given back what was fetched ahead

// `desk` of the item fetched ahead; `none` where the server has no more; `busy` while it is asked.
export const next = { desk: null, none: false, busy: false };
let wanted = false; // somebody waits for the next item
let shown = (isNew = true) => isNew;
const others = new BroadcastChannel("crosscheck-desk");

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
  begun(desk);
  scrollTo(0, 0);
  $("main").scrollTop = 0;
  desk.node.querySelector("h1")?.focus({ preventScroll: true });
  outbox.show();
  const key = desk.node.querySelector("#request-title .mono")?.textContent;
  tell([said, key ? `Request ${key}.` : $("h1")?.textContent].filter(Boolean).join(" "));
  shown();
}

// Makes an item that stands on the page the one that the keys are for.
export function begun(desk) {
  now.desk = desk;
  if (!desk.data) return;
  if (!desk.begun) {
    desk.begun = true;
    desk.draft = desk.itemPage ? null : kept(desk);
    begin(desk);
    toLastTurn();
    desk.shownAt = performance.now();
    if (desk.draft) saveSoon(desk);
  }
  $("#single-keys").checked = localStorage.getItem("single-keys") !== "off";
  $("#desk-data").dataset.started = "yes";
  draw();
  toPreferred();
}

// ---- Fetching ahead

export async function prefetch() {
  if (!now.desk?.data || now.desk.itemPage || next.desk || next.none || next.busy) return;
  next.busy = true;
  const { desk } = now;
  try {
    const answer = await post(address("ahead/"));
    if (answer.status === 204) setNext(null, true);
    else if (answer.ok) {
      const found = deskOf(nodeOf(await answer.text()));
      if (found.data && found.data.item !== now.desk?.data?.item) setNext(found);
    } else if (!signedOut(answer) && desk === now.desk) setTimeout(prefetch, AGAIN);
  } catch {
    setTimeout(prefetch, AGAIN);
  }
  next.busy = false;
  if (wanted && next.desk && now.desk.sent) showFollowing("");
}

// Asks the server for what is to be judged now, and shows it.
export async function loadNext(said = "") {
  wanted = false;
  try {
    const answer = await fetch(address(""), { redirect: "manual", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    let found = deskOf(document.adoptNode(page.querySelector("#desk")));
    if (next.desk && next.desk.data.item === found.data?.item) {
      copyLease(found.node, next.desk.node);
      copyCounts(found.node, next.desk.node);
      found = next.desk;
    }
    if (!next.desk || next.desk === found || !found.data) setNext(null);
    show(found, said);
    prefetch();
  } catch {
    wanted = true;
    say("The next item is not here yet: the server does not answer. It is asked again.");
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
  if (next.desk) return showFollowing(said);
  desk.node.setAttribute("aria-busy", "true");
  wanted = true;
}

// The item that was fetched ahead, in place of one that is on its way to the server.
function showFollowing(said) {
  wanted = false;
  const following = next.desk;
  setNext(null);
  copyCounts(now.desk.node, following.node);
  const lease = following.node.querySelector("[data-lease]");
  if (lease) lease.dataset.lease = ""; // begins when the server has the judgement
  show(following, said);
}

outbox.onAnswers({
  done(entry, { counts, held }) {
    const { desk } = now;
    others.postMessage({ person: entry.person, item: entry.item });
    if (!wanted) count(counts); // else they come with the next item
    if (held && desk.data?.item === held.item) $("[data-lease]").dataset.lease = held.lease_until;
    if (outbox.waiting() || desk.lost) return;
    if (wanted || desk === entry.desk || desk.data?.item === entry.item) {
      loadNext(entry.said);
    } else if (desk.data && held?.item !== desk.data.item) {
      // What was fetched ahead has gone to somebody else.
      flush(desk).then(() => loadNext("The item that was shown has gone to somebody else."));
    } else {
      if (held) tell(`${entry.said} u undoes it.`);
      prefetch();
    }
  },
  refused(entry, html, status, safe) {
    wanted = false;
    if (!entry.desk) return safe ? elsewhere(entry) : offer(entry.person);
    comeBack(entry);
    if (html) $("#problems").innerHTML = html;
    else say(`The server refused it (${status}). What you typed is here: try again, or reload.`);
    now.desk.lost = Boolean($("#problems [data-do=go-on]"));
    if (!safe) saveSoon(entry.desk); // the server may not have what was typed
    tell("It was not taken. What you typed is here again.");
  },
  moved(entry) {
    wanted = false;
    if (now.desk !== entry.desk) setNext(null); // what was fetched ahead stands on the page
    loadNext("Its run has moved to another taxonomy version: look at the item again.").then(() =>
      say("The run has moved to another taxonomy version. What you typed is carried over: look it over, and submit."),
    );
  },
});

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
  say(
    fields.submission
      ? "A judgement that was made here while the server could not be reached was not counted: the item is somebody else's by now, or done. What was typed is kept as a draft on it."
      : "An item that was skipped here while the server could not be reached is not yours any more: there is nothing left to skip.",
  );
}

// Another tab of the same person has submitted the item that stands here.
others.addEventListener("message", ({ data }) => {
  const { desk } = now;
  if (!desk?.data || desk.sent || desk.itemPage || desk.data.person !== data.person) return;
  if (next.desk?.data.item === data.item) setNext(null);
  if (desk.data.item !== data.item) return;
  forget(desk);
  loadNext("You have submitted that item in another tab.");
});

// ---- Leases

// Keeps the item that was fetched ahead while this page is open.
async function renewAhead() {
  sessionStorage.removeItem(LEFT);
  const { desk } = next;
  if (!desk) return prefetch();
  try {
    const answer = await post(address(`${desk.data.item}/renew/`));
    if (answer.status !== 409 || next.desk !== desk) return;
    setNext(null);
    prefetch();
  } catch {
    // offline: it is asked again in a minute
  }
}

setInterval(renewAhead, RENEWED_EVERY);
// After a reload what the page before sent on leaving may arrive behind what this one has asked for.
if (sessionStorage.getItem(LEFT)) setTimeout(renewAhead, 2000);

// Leaving gives back what was fetched ahead.
addEventListener("pagehide", () => {
  if (!next.desk) return;
  const sent = new FormData();
  sent.set("csrfmiddlewaretoken", $("[name=csrfmiddlewaretoken]")?.value || "");
  sent.set("item", next.desk.data.item);
  sessionStorage.setItem(LEFT, "yes");
  navigator.sendBeacon(address("ahead/release/"), sent);
  setNext(null);
});

// The back button may bring a page back as it was left, with an item that is done.
addEventListener("pageshow", (event) => {
  if (event.persisted && $("#desk-elsewhere") && !now.desk?.itemPage) loadNext();
});
