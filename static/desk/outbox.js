// Judgements on their way to the server: one after the other, each under its own UUID, so that
// sending one again after a lost answer is the same judgement. Kept in the browser until the server
// has it, or has what was typed as a draft: what it refuses stays, marked so.

import * as browser from "./kept.js";
import { $, fitsBehind, now, post, signedOut } from "./now.js";

const WAITS = [1, 2, 4, 8, 15]; // seconds between attempts
const SLOW = 800; // milliseconds without an answer after which it is kept in the browser

const entries = [];
const laid = []; // what the server refused, and no form of this page holds
let running = false;
let tries = 0;
let why = "";
let wake = () => {};
let taken = ""; // what has become of what other tabs have left, in words
let heard = {};

// `done(entry, answer)`, `refused(entry, html, status, safe)` (`safe`: nothing of it is to be kept
// here) and `moved(entry, why)` (the item is to be looked at again) say how each ended.
export function onAnswers(done) {
  heard = done;
}

export const waiting = () => entries.length;

// `alone`: what was typed is nowhere else.
export function send(entry, alone = false) {
  entry.at = Date.now();
  entries.push(entry);
  taken = "";
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
const small = ({ fields }) => fitsBehind(new URLSearchParams(fields));

// Takes what a tab that is gone did not send, or was refused.
export function takeOver(left) {
  const known = new Set(entries.map(keyOf));
  const fresh = left.filter((one) => !known.has(keyOf(one))).sort((one, other) => one.at - other.at);
  laid.push(...fresh.filter((one) => one.refused));
  entries.push(...fresh.filter((one) => !one.refused));
  run();
}

// What the server refused, and is to be laid before the person.
export const refused = () => laid.filter((one) => browser.get(keyOf(one))?.refused);

// Sends one again that was refused.
export function again({ refused: _, ...entry }) {
  send(entry, true);
}

// Says beside what is being sent what has become of what another tab has left.
export function tellOf(what) {
  taken = what;
  show();
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
    if (!entry.desk) laid.push(entry);
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
      keepalive: !tries && small(entry),
    });
    const { status } = answer;
    if (signedOut(answer)) return later(signedOut(answer));
    if (status >= 500 || status === 429 || status === 408) return later("the server has trouble");
    if (answer.ok) {
      const said = await answer.json();
      return { safe: true, tell: () => heard.done(entry, said) };
    }
    if (answer.headers.get("x-desk-reload")) {
      const why = textOf(await answer.text());
      return { safe: true, tell: () => heard.moved(entry, why) };
    }
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
  const left = entries.filter((one) => !one.desk).length;
  const waits = `${entries.length} waiting${left ? `, ${left} from a tab that was closed` : ""}`;
  const text = !entries.length
    ? taken
    : tries
      ? `${why}: ${waits.replace("waiting", "waiting to be sent")}, trying again`
      : `sending… ${waits}`;
  place.classList.toggle("stop", tries > 0);
  place.setAttribute("aria-live", tries || taken ? "polite" : "off"); // that it goes well is no news
  if (place.textContent !== text) place.textContent = text; // it is read out where it changes
}

addEventListener("online", () => wake());
addEventListener("beforeunload", (event) => {
  if (tries || entries.length > 1 || now.desk?.failing) event.preventDefault();
});
