// Flagging an item for discussion, and what was said of it before.

import { $, ask, post, say, tell } from "./now.js";

// Opens the dialog with what may be read of the discussion by now.
export async function open() {
  const dialog = $("#flag-dialog");
  if (!dialog) return;
  dialog.showModal();
  const place = $("#flags");
  const answer = await ask(place.dataset.from, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return place.replaceChildren("What was said before cannot be read now: the server does not answer.");
  draw(place, await answer.json());
}

export async function send(form) {
  const answer = await post(form.action, Object.fromEntries(new FormData(form))).catch(() => null);
  const place = form.querySelector("#flags");
  if (!answer?.ok) {
    place.replaceChildren("The server did not take the comment. It is still here: try again.");
    return;
  }
  draw(place, await answer.json());
  form.reset();
  form.closest("dialog").close();
  tell("Flagged for discussion.");
}

function draw(place, { comments }) {
  const list = document.createElement("ul");
  list.className = "plain-list";
  list.append(...comments.map(row));
  place.replaceChildren(...(comments.length ? [list] : []));
}

function row({ by, at, text }) {
  const made = document.createElement("li");
  const who = document.createElement("strong");
  who.textContent = by;
  const when = document.createElement("time");
  when.className = "quiet small";
  when.dateTime = at;
  when.textContent = new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const said = document.createElement("p");
  said.className = "note";
  said.dir = "auto";
  said.textContent = text;
  made.append(who, " ", when, said);
  return made;
}
