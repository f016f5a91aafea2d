// Drafts: on the server within a second of being typed; in the browser only while it is offline.

import { judgement } from "./judgement.js";
import * as browser from "./kept.js";
import { $, fitsBehind, now, post, signedOut } from "./now.js";
import * as outbox from "./outbox.js";

const SOON = 500;
const AGAIN = 3000;
const SLOW = 800; // without an answer for so long, it is kept in the browser
const TOO_LONG = 30_000; // an attempt that takes so long counts as lost

const keyOf = ({ data }) => `draft:${data.person}:${data.item}`;

const handed = new Map(); // what the server has been given of what tabs that are gone have left

// What this browser kept of an item while it was offline, or has given the server since the item was
// asked for.
export function kept(desk) {
  const given = handed.get(keyOf(desk));
  return browser.get(keyOf(desk)) || (given?.at > desk.asked ? given.body : null);
}

// The server puts what is in other words than the page into those. Whether it has it.
export const carry = (desk) => hand(keyOf(desk));

export function saveSoon(desk = now.desk) {
  if (desk.sent) return;
  desk.unsaved = desk.touched = true;
  desk.timer ||= setTimeout(() => save(desk), SOON);
}

// Before leaving an item: what is not saved yet, at once.
export async function flush(desk) {
  if (!desk?.data || desk.sent) return;
  await desk.saving;
  if (desk.unsaved) await save(desk);
}

// It is submitted or skipped: nothing of it is to arrive behind that. Whether the server may lack
// something of it; what this browser keeps of it stays until the judgement is kept, or sent.
export function stop(desk) {
  const alone = Boolean(desk.unsaved || desk.saving || kept(desk));
  clearTimeout(desk.timer);
  desk.timer = 0;
  desk.unsaved = desk.failing = desk.here = false;
  desk.abort?.abort();
  return alone;
}

// It is done with.
export function forget(desk) {
  stop(desk);
  browser.remove(keyOf(desk));
}

function save(desk) {
  clearTimeout(desk.timer);
  desk.timer = 0;
  if (desk.saving) {
    if (desk.here) keepHere(desk);
    return desk.saving.then(() => (desk.unsaved ? save(desk) : undefined));
  }
  desk.saving = send(desk).finally(() => {
    desk.saving = null;
  });
  return desk.saving;
}

async function send(desk) {
  const body = JSON.stringify(judgement(desk));
  desk.unsaved = false;
  const abort = (desk.abort = new AbortController());
  const slow = setTimeout(keepHere, SLOW, desk, "the server is slow");
  const lost = setTimeout(() => abort.abort(new Error("no answer")), TOO_LONG);
  try {
    const answer = await post(desk.form.dataset.draft, body, {
      headers: { "content-type": "application/json" },
      signal: abort.signal,
      keepalive: !desk.failing && fitsBehind(body),
    });
    if (answer.ok) {
      desk.failing = desk.here = false;
      if (!desk.unsaved) browser.remove(keyOf(desk));
      if (!desk.sent) outbox.isSafe(desk.data);
      return state(desk, SAVED);
    }
    const out = signedOut(answer);
    if (out || mayPass(answer)) return later(desk, out || "the server has trouble");
    const { error } = await answer.json().catch(() => ({}));
    keepHere(desk, `the server refused it (${error || answer.status})`);
  } catch (error) {
    if (error.name === "AbortError") return;
    later(desk, navigator.onLine ? "no answer" : "offline");
  } finally {
    clearTimeout(slow);
    clearTimeout(lost);
  }
}

const mayPass = ({ status }) => status >= 500 || status === 429 || status === 408;

function later(desk, why) {
  if (desk.sent) return;
  desk.unsaved = desk.failing = true;
  desk.timer ||= setTimeout(() => save(desk), AGAIN);
  keepHere(desk, why);
}

// In the browser, until the server has it.
async function keepHere(desk, why = desk.here) {
  desk.here = why;
  const done = await browser.put(keyOf(desk), { ...judgement(desk), address: desk.form.dataset.draft });
  if (desk.here) state(desk, `${why}: draft ${done ? "kept in this browser until the server has it" : "not saved yet"}`);
}

// What this browser has of an item that is not on the page, or is in other words by now: the server
// keeps it as the draft that it is. Whether it does, once that is known.
async function hand(key) {
  for (;;) {
    const { address, tab, ...body } = browser.get(key) || {};
    if (!address) return handed.has(key);
    const headers = { "content-type": "application/json" };
    const answer = await post(address, JSON.stringify(body), { headers }).catch(() => null);
    if (answer?.ok) {
      handed.set(key, { body, at: performance.now() });
      browser.remove(key);
    } else if (answer && !signedOut(answer) && !mayPass(answer)) return false;
    else await untilOnline();
  }
}

function untilOnline() {
  return new Promise((done) => {
    setTimeout(done, 5 * AGAIN);
    addEventListener("online", done, { once: true });
  });
}

// Takes what a tab that is gone has left. `fill` puts what is of the item of the page in its form.
export function takeOver(keys, fill) {
  const { desk } = now;
  for (const key of keys) {
    if (!desk?.data || keyOf(desk) !== key) hand(key).then((done) => done && outbox.tellOf(LEFT));
    else if (desk.touched) saveSoon(desk); // what is before the person is what counts
    else fill();
  }
}

const LEFT = "What was typed in a tab that was closed is saved as a draft.";

const SAVED = "draft saved";

function state(desk, text) {
  if (desk !== now.desk) return;
  const place = $("#draft-state");
  // It is read out where it changes, but for the first time that all is well.
  place.setAttribute("aria-live", text === SAVED && !place.textContent ? "off" : "polite");
  if (place.textContent !== text) place.textContent = text;
}

addEventListener("online", () => now.desk?.unsaved && save(now.desk));
addEventListener("pagehide", () => {
  if (now.desk?.unsaved && !now.desk.sent) save(now.desk);
});
