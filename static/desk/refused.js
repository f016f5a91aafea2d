// Judgements that the server refused, made by a page that is gone: what was typed in them is laid
// before the person, to be sent again, copied or thrown away. Until then this browser keeps it.

import * as outbox from "./outbox.js";

// What it means that the server refuses what a form on the page has sent, and what to do.
export const REFUSED = {
  403: "The server did not take it: you may not review here any more, or signed in anew. What you typed is here: submit again, or ask a lead.",
  404: "The server did not take it: the item or the project is not there for you any more. What you typed is here: copy what you need, or ask a lead.",
  413: "The server did not take it: it is too long. What you typed is here: shorten it, and submit again.",
};

const told = new WeakSet(); // of these the person knows

// Lays them before the person, one at a time.
export function offer() {
  const entry = outbox.refused().find((one) => !told.has(one));
  if (!entry) return;
  const open = document.querySelector("dialog[open]");
  if (open) return open.addEventListener("close", offer, { once: true });
  told.add(entry);
  const dialog = made("dialog");
  dialog.id = "refused";
  dialog.setAttribute("aria-labelledby", "refused-title");
  const title = made("h2", "A judgement of yours was not taken");
  title.id = "refused-title";
  const made_at = new Date(entry.at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const text = made("textarea", wordsOf(entry));
  Object.assign(text, { readOnly: true, rows: 8, dir: "auto" });
  text.setAttribute("aria-label", "What was typed");
  const buttons = made("div");
  buttons.className = "actions";
  const way = (name, act) => {
    const button = made("button", name);
    button.type = "button";
    button.addEventListener("click", () => {
      dialog.close();
      act?.();
    });
    buttons.append(button);
  };
  way("Send it again", () => outbox.again(entry));
  way("Throw it away", () => outbox.forget(entry));
  way("Close: it stays in this browser");
  dialog.append(
    title,
    made("p", `Item ${entry.item}, ${made_at}. Why: ${entry.refused}`),
    made("p", "What was typed is here and is kept in this browser until you send it again or throw it away."),
    text,
    buttons,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    offer();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function wordsOf({ fields }) {
  if (!fields.judgement) return `Skipped: ${fields.reason || fields.kind}`;
  const { sides = {}, findings = [], corrected_output, note } = JSON.parse(fields.judgement);
  const lines = Object.entries(sides).map(([side, verdict]) => `Side ${side}: ${verdict}`);
  for (const one of findings)
    lines.push([`Side ${one.side}: ${one.category}`, one.severity, one.path || ""].filter(Boolean).join(", "));
  if (corrected_output !== undefined)
    lines.push(`Correct output: ${typeof corrected_output === "string" ? corrected_output : JSON.stringify(corrected_output, null, 2)}`);
  if (note) lines.push(`Note: ${note}`);
  return lines.join("\n");
}

function made(name, text = "") {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
