// Ways on: undo, and what can be done where a judgement was not counted or a lease ends.

import { copyLease, count, loadNext, setNext, show } from "./ahead.js";
import { flush, forget, saveSoon } from "./drafts.js";
import { $, address, deskOf, nodeOf, now, post, say, signedOut, tell } from "./now.js";
import * as outbox from "./outbox.js";

export async function undo() {
  const before = now.desk;
  if (before.sent || before.itemPage) return;
  if (!(await outbox.settled())) return say("Not sent yet: it can be undone once the server has it.");
  try {
    await flush(before);
    const answer = await post(address("undo/"));
    if (answer.ok) {
      const found = deskOf(nodeOf(await answer.text()));
      setNext(before.data ? before : null);
      show(found);
      say("Undone: the judgement is taken back. Change it and submit it again, or skip the item.");
      $("#problems .notice").classList.remove("error");
      return;
    }
    const out = signedOut(answer);
    if (out) return say(`Nothing was undone: ${out}, then try again.`);
    const { error, revise } = await answer.json();
    say(error);
    if (!revise) return;
    const link = document.createElement("a");
    link.href = revise;
    link.textContent = "Revise it";
    $("#problems .notice").append(" ", link);
  } catch {
    // Whether it was undone is not known: to try again might undo one more.
    loadNext("The server did not answer: this is what it has before you now.");
  }
}

export async function claimAgain(where) {
  await onward(where, undefined, async (answer) => {
    const fresh = nodeOf(await answer.text());
    copyLease(fresh, now.desk.node);
    now.desk.lost = false;
    $("#problems").replaceChildren();
    say("It is yours again. Nothing was changed: submit it when you are ready.");
    saveSoon();
  });
}

export async function keep(where, fields) {
  await onward(where, fields, async (answer) => {
    const { counts } = await answer.json();
    count(counts);
    forget(now.desk);
    goOn("Kept as a review that is not counted.");
  });
}

export function goOn(said = "") {
  now.desk.lost = false;
  loadNext(said);
}

async function onward(where, fields, done) {
  try {
    const answer = await post(where, fields);
    if (answer.ok) return await done(answer);
    if (answer.status === 409 || answer.status === 422)
      $("#problems").innerHTML = await answer.text();
    else say(`Not done: ${signedOut(answer) || `the server answered ${answer.status}`}. Nothing is lost: try again.`);
  } catch {
    say("The server does not answer. Nothing is lost: try again.");
  }
}

// Keeps the item for longer, or takes it again where the lease ran out and nobody has it.
export async function renew() {
  const { desk } = now;
  if (!desk?.data || desk.itemPage) return;
  const where = address(`${desk.data.item}/`);
  const answer = await post(`${where}renew/`).catch(() => null);
  if (answer?.status === 409) return claimAgain(`${where}claim/`);
  if (!answer?.ok)
    return say(`The lease is not renewed: ${(answer && signedOut(answer)) || "the server does not answer"}. Try again.`);
  const { lease_until } = await answer.json();
  $("[data-lease]").dataset.lease = lease_until;
  tell("The item is kept for you.");
}
