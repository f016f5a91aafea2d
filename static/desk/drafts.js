// Drafts: on the server within a second of being typed; in the browser only while it is offline.

import { judgement } from "./judgement.js";
import * as browser from "./kept.js";
import { $, now, post, signedOut } from "./now.js";
import * as outbox from "./outbox.js";

const SOON = 500;
const AGAIN = 3000;

const keyOf = ({ data }) => `draft:${data.person}:${data.item}`;

// What this browser kept of an item while it was offline.
export function kept(desk) {
  return browser.get(keyOf(desk)) || null;
}

export function saveSoon(desk = now.desk) {
  if (desk.sent) return;
  desk.unsaved = true;
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
  desk.unsaved = desk.failing = false;
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
  if (desk.saving) return desk.saving.then(() => (desk.unsaved ? save(desk) : undefined));
  desk.saving = send(desk).finally(() => {
    desk.saving = null;
  });
  return desk.saving;
}

async function send(desk) {
  const body = JSON.stringify(judgement(desk));
  desk.unsaved = false;
  desk.abort = new AbortController();
  try {
    const answer = await post(desk.form.dataset.draft, body, {
      headers: { "content-type": "application/json" },
      signal: desk.abort.signal,
      keepalive: body.length < 60_000, // the most that a browser sends behind a closed page
    });
    if (answer.ok) {
      desk.failing = false;
      browser.remove(keyOf(desk));
      if (!desk.sent) outbox.isSafe(desk.data);
      return state(desk, "draft saved");
    }
    if (!signedOut(answer) && answer.status < 500 && answer.status !== 403) {
      const said = await answer.json().catch(() => ({}));
      return state(desk, `draft not saved: ${said.error || answer.status}`);
    }
    later(desk, body, signedOut(answer) ? "signed out: sign in in another tab" : "no answer");
  } catch (error) {
    if (error.name === "AbortError") return;
    later(desk, body, "offline");
  }
}

function later(desk, body, why) {
  desk.unsaved = desk.failing = true;
  desk.timer ||= setTimeout(() => save(desk), AGAIN);
  browser.put(keyOf(desk), JSON.parse(body)).then((done) => {
    if (!desk.failing) return;
    state(desk, `${why}: draft ${done ? "kept in this browser until the server has it" : "not saved yet"}`);
  });
}

function state(desk, text) {
  if (desk !== now.desk) return;
  const place = $("#draft-state");
  if (place.textContent !== text) place.textContent = text; // it is read out where it changes
}

addEventListener("online", () => now.desk?.unsaved && save(now.desk));
addEventListener("pagehide", () => {
  if (now.desk?.unsaved && !now.desk.sent) save(now.desk);
});
