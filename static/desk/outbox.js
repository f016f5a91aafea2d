// Judgements on their way to the server: one after the other, each under its own UUID, so that
// sending one again after a lost answer is the same judgement. Kept in the browser until the server
// has it, or has what was typed as a draft: what it refuses stays, marked so.

import * as browser from "./kept.js";
import { $, now, post, signedOut } from "./now.js";

const WAITS = [1, 2, 4, 8, 15]; // seconds between attempts
const TOO_LONG = 30; // seconds after which an attempt counts as lost
const SLOW = 800; // milliseconds without an answer after which it is kept in the browser
const BEHIND = 50_000; // characters that arrive behind a page that is left

const entries = [];
let running = false;
let tries = 0;
let why = "";
let wake = () => {};
let heard = {};

// `done(entry, answer)`, `refused(entry, html, status, safe)` (`safe`: nothing of it is to be kept
// here) and `moved(entry)` say how each ended.
export function onAnswers(done) {
  heard = done;
}

export const waiting = () => entries.length;

// `alone`: what was typed is nowhere else.
export function send(entry, alone = false) {
  entry.at = Date.now();
  entries.push(entry);
  if (alone || tries || !small(entry) || browser.get(keyOf(entry))) keep(entry);
  else setTimeout(() => entries.includes(entry) && keep(entry), SLOW);
  run();
}

// Until everything is sent; false where the server cannot be reached.
export async function settled() {
  while (entries.length && !tries) await new Promise((done) => setTimeout(done, 30));
  return !entries.length;
}

const under = ({ person, item }) => `outbox:${person}:${item}:`;
const keyOf = (entry) => `${under(entry)}${entry.fields.submission || "skip"}`;
const small = ({ fields }) => (fields.judgement || "").length < BEHIND;

// What was not sent when this browser was closed, of this person.
export function resume(person) {
  const known = new Set(entries.map(keyOf));
  const left = browser.under(`outbox:${person}:`).filter((one) => !one.refused && !known.has(keyOf(one)));
  entries.push(...left.sort((one, other) => one.at - other.at));
  run();
}

// What the server refused, of this person.
export function refused(person) {
  return browser.under(`outbox:${person}:`).filter((one) => one.refused);
}

// Sends one again that was refused.
export function again({ refused: _, ...entry }) {
  send(entry, true);
}

// Nothing of the item is to be kept any more.
export const forget = (entry) => browser.removeUnder(under(entry));

// The server has what was typed: what it refused of the item is not needed.
export const isSafe = (one) => browser.removeUnder(under(one), ({ refused }) => refused);

// Where there is no room, it is sent as long as this page is open, and leaving asks first. The draft
// of the item goes only when this is on the disk.
async function keep(entry) {
  const { desk, ...plain } = entry;
  if (await browser.put(keyOf(entry), plain)) browser.remove(`draft:${entry.person}:${entry.item}`);
}

async function run() {
  if (running) return;
  running = true;
  try {
    while (entries.length) await first();
  } finally {
    running = false;
  }
}

async function first() {
  show();
  const [entry] = entries;
  const ended = await attempt(entry);
  if (!ended) {
    tries++;
    entries.forEach(keep);
    show();
    return pause(WAITS[Math.min(tries, WAITS.length) - 1]);
  }
  tries = 0;
  why = "";
  entries.shift();
  if (ended.safe) {
    forget(entry);
    browser.remove(`draft:${entry.person}:${entry.item}`);
  } else {
    entry.refused = ended.refused;
    keep(entry);
  }
  show();
  try {
    ended.tell();
  } catch (error) {
    reportError(error); // the others are sent all the same
  }
}

// How it ended: {safe, refused, tell}; null where it is to be tried again. Only what the server has
// stored, or keeps as a draft, is safe; a skipped item that is somebody else's by now is as good.
async function attempt(entry) {
  try {
    const answer = await post(entry.address, entry.fields, {
      signal: AbortSignal.timeout(TOO_LONG * 1000),
      keepalive: small(entry),
    });
    const { status } = answer;
    if (signedOut(answer)) return later("you are signed out: sign in in another tab");
    if (status >= 500 || status === 429) return later("the server has trouble");
    if (answer.ok) {
      const said = await answer.json();
      return { safe: true, tell: () => heard.done(entry, said) };
    }
    if (answer.headers.get("x-desk-reload")) return { safe: true, tell: () => heard.moved(entry) };
    const html = status === 409 || status === 422 ? await answer.text() : "";
    const drafted = status === 409 && Boolean(answer.headers.get("x-desk-draft"));
    const safe = drafted || (status === 409 && !entry.fields.submission);
    const refused = textOf(html) || `the server answered ${status}`;
    return { safe, refused, tell: () => heard.refused(entry, html, status, safe) };
  } catch {
    return later(navigator.onLine ? "no answer" : "offline");
  }
}

function textOf(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  return body.textContent.trim().replace(/\s+/g, " ");
}

function later(reason) {
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
