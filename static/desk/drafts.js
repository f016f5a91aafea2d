// Drafts: on the server within a second of being typed; in the browser only while it is offline.

import { judgement } from "./judgement.js";
import { $, now, post, signedOut } from "./now.js";

const SOON = 500;
const AGAIN = 3000;

const keyOf = ({ data }) => `crosscheck-draft:${data.person}:${data.item}`;

// What this browser kept of an item while it was offline.
export function kept(desk) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(desk)));
  } catch {
    return null;
  }
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

// It is submitted or skipped: nothing of it is to arrive behind that.
export function stop(desk) {
  clearTimeout(desk.timer);
  desk.timer = 0;
  desk.unsaved = desk.failing = false;
  desk.abort?.abort();
  localStorage.removeItem(keyOf(desk));
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
      localStorage.removeItem(keyOf(desk));
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
  try {
    localStorage.setItem(keyOf(desk), body);
    state(desk, `${why}: draft kept in this browser until the server has it`);
  } catch {
    state(desk, `${why}: draft not saved yet`);
  }
  desk.timer ||= setTimeout(() => save(desk), AGAIN);
}

function state(desk, text) {
  if (desk === now.desk) $("#draft-state").textContent = text;
}

addEventListener("online", () => now.desk?.unsaved && save(now.desk));
addEventListener("pagehide", () => {
  if (now.desk?.unsaved && !now.desk.sent) save(now.desk);
});
