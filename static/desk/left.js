// What tabs that are gone have left in this browser: sent, saved, or laid before the person, by one
// of the tabs that are open.

import { fill, notice } from "./ahead.js";
import { draw } from "./draw.js";
import { takeOver } from "./drafts.js";
import { inherit } from "./kept.js";
import { now } from "./now.js";
import * as outbox from "./outbox.js";
import { offer } from "./refused.js";

// Of one person: nobody's judgement is sent as that of another.
export function seeTo(person) {
  const theirs = (key) => key.startsWith(`outbox:${person}:`) || key.startsWith(`draft:${person}:`);
  inherit(theirs, (left) => {
    const isDraft = ([key]) => key.startsWith("draft:");
    outbox.takeOver(left.filter((one) => !isDraft(one)).map(([, entry]) => entry));
    takeOver(left.filter(isDraft).map(([key]) => key), () => {
      fill(now.desk);
      draw();
      notice("What you typed in a tab that was closed is here.");
    });
    offer();
  });
}
