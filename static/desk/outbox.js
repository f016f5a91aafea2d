// Judgements on their way to the server: one after the other, each under its own UUID, so that
// sending one again after a lost answer is the same judgement. Kept in the browser only while the
// server cannot be reached.

import { $, now, post, signedOut } from "./now.js";

const WAITS = [1, 2, 4, 8, 15]; // seconds between attempts
const TOO_LONG = 30; // seconds after which an attempt counts as lost

const entries = [];
let running = false;
let tries = 0;
let why = "";
let wake = () => {};
let heard = {};

// `done(entry, answer)`, `refused(entry, html)` and `moved(entry)` say how each ended.
export function onAnswers(done) {
  heard = done;
}

export const waiting = () => entries.length;

export function send(entry) {
  entries.push(entry);
  run();
}

// Until everything is sent; false where the server cannot be reached.
export async function settled() {
  while (entries.length && !tries) await new Promise((done) => setTimeout(done, 30));
  return !entries.length;
}

const keyOf = (person) => `crosscheck-outbox:${person}`;

// What was not sent when this browser was closed, of this person.
export function resume(person) {
  let left = [];
  try {
    left = JSON.parse(localStorage.getItem(keyOf(person))) || [];
  } catch {
    // nothing that can be read
  }
  const known = new Set(entries.map((one) => one.fields.submission));
  entries.push(...left.filter((one) => !known.has(one.fields.submission)));
  run();
}

function keep() {
  const { person } = entries[0] || now.desk?.data || {};
  if (!person) return;
  const left = entries.map(({ desk, ...entry }) => entry);
  try {
    if (left.length && tries) localStorage.setItem(keyOf(person), JSON.stringify(left));
    else localStorage.removeItem(keyOf(person));
  } catch {
    // no room: it is sent as long as this page is open, and leaving asks first
  }
}

async function run() {
  if (running) return;
  running = true;
  while (entries.length) {
    show();
    const entry = entries[0];
    const ended = await attempt(entry);
    if (!ended) {
      tries++;
      keep();
      show();
      await pause(WAITS[Math.min(tries, WAITS.length) - 1]);
      continue;
    }
    tries = 0;
    why = "";
    entries.shift();
    keep();
    if (!entries.length) localStorage.removeItem(keyOf(entry.person));
    show();
    ended();
  }
  running = false;
}

// What to do about the answer; null where it is to be tried again.
async function attempt(entry) {
  try {
    const answer = await post(entry.address, entry.fields, {
      signal: AbortSignal.timeout(TOO_LONG * 1000),
      keepalive: entry.fields.judgement?.length < 50_000, // it arrives behind a page that is left
    });
    if (signedOut(answer)) return again("you are signed out: sign in in another tab");
    if (answer.status >= 500 || answer.status === 429) return again("the server has trouble");
    if (answer.ok) {
      const said = await answer.json();
      return () => heard.done(entry, said);
    }
    if (answer.headers.get("x-desk-reload")) return () => heard.moved(entry);
    const html = answer.status === 409 || answer.status === 422 ? await answer.text() : "";
    return () => heard.refused(entry, html, answer.status);
  } catch {
    return again(navigator.onLine ? "no answer" : "offline");
  }
}

function again(reason) {
  why = reason;
  return null;
}

function pause(seconds) {
  return new Promise((done) => {
    wake = done;
    setTimeout(done, seconds * 1000);
  });
}

export function show() {
  const place = $("[data-sending]");
  if (!place) return;
  place.classList.toggle("stop", tries > 0);
  place.textContent = !entries.length
    ? ""
    : tries
      ? `${why}: ${entries.length} waiting to be sent, trying again`
      : `sending… ${entries.length} waiting`;
}

addEventListener("online", () => wake());
addEventListener("beforeunload", (event) => {
  if (tries || entries.length > 1 || now.desk?.failing) event.preventDefault();
});
