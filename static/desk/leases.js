// What this page holds ahead: kept while it is open, and given back when it is left.

import { loadNext, next, others, prefetch, setNext } from "./ahead.js";
import { $, address, now, post } from "./now.js";

const RENEWED_EVERY = 60_000;
const LEFT = "crosscheck-left"; // this tab has just given back what was fetched ahead

// Keeps the item that was fetched ahead while this page is open.
async function renewAhead() {
  sessionStorage.removeItem(LEFT);
  const { desk } = next;
  if (!desk) return prefetch();
  try {
    const answer = await post(address(`${desk.data.item}/renew/`));
    if (answer.status !== 409 || next.desk !== desk) return;
    setNext(null);
    prefetch();
  } catch {
    // offline: it is asked again in a minute
  }
}

setInterval(renewAhead, RENEWED_EVERY);
// After a reload what the page before sent on leaving may arrive behind what this one has asked for.
if (sessionStorage.getItem(LEFT)) setTimeout(renewAhead, 2000);

// Another tab that is left has given it back; that may arrive later than this is told.
others.addEventListener("message", ({ data }) => {
  if (next.desk && next.desk.data.item === data.left) setTimeout(renewAhead, 2000);
});

// Leaving gives back what was fetched ahead.
addEventListener("pagehide", () => {
  if (!next.desk) return;
  const { item } = next.desk.data;
  sessionStorage.setItem(LEFT, "yes");
  post(address("ahead/release/"), { item }, { keepalive: true }).catch(() => {});
  others.postMessage({ left: item });
  setNext(null);
});

// The back button may bring a page back as it was left, with an item that is done.
addEventListener("pageshow", (event) => {
  if (event.persisted && $("#desk-elsewhere") && !now.desk?.itemPage) loadNext();
});
