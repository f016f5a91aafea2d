// What is at the desk at this moment. Each item that was fetched is a node of its own with what was
// typed in it, so one that steps aside comes back as it was left.

export const now = { desk: null };

const desks = new WeakMap();
const TOO_LONG = 30_000; // milliseconds after which a request counts as lost
let behind = null; // milliseconds that this machine's clock is behind the server's

export const $ = (selector) => document.querySelector(selector);

// The desk of a node; made when it is first asked for. `asked`: when the server was asked for it.
export function deskOf(node, asked = 0) {
  let desk = desks.get(node);
  if (desk) return desk;
  const source = node.querySelector("#desk-data");
  const form = node.querySelector("#judgement");
  desk = { node, form, asked, data: source ? JSON.parse(source.textContent) : null };
  if (desk.data) {
    desk.submission = form.elements.submission.value;
    desk.itemPage = "itemPage" in form.dataset;
    desk.away = 0; // seconds that the page was out of sight
  }
  desks.set(node, desk);
  return desk;
}

// The address of something of the desk, such as "ahead/".
export function address(name) {
  return `${$("#desk-elsewhere")?.dataset.desk || ""}${name}`;
}

// The token as it is now: signing in again in another tab has changed it for all.
function token() {
  const kept = document.cookie.match(/(?:^|; )crosscheck_csrf=([^;]+)/);
  return kept?.[1] || $("[name=csrfmiddlewaretoken]")?.value || "";
}

// A request of this page's person. Rejects where the server was not reached; a redirect, which means
// that nobody is signed in any more, comes back as it is.
export async function ask(where, { headers, ...options } = {}) {
  const person = now.desk?.data?.person ?? $("#desk-elsewhere")?.dataset.person;
  const answer = await fetch(where, {
    redirect: "manual",
    signal: AbortSignal.timeout(TOO_LONG),
    ...options,
    headers: { ...(person && { "x-person": person }), ...headers },
  });
  const date = Date.parse(answer.headers.get("date"));
  if (date) behind = date - Date.now();
  return answer;
}

// A POST of the desk's own kind.
export function post(where, body, { headers, ...options } = {}) {
  return ask(where, {
    method: "POST",
    headers: { "x-desk": "ahead", "x-csrftoken": token(), ...headers },
    body: typeof body === "object" ? new URLSearchParams(body) : body,
    ...options,
  });
}

// Whether a browser sends it behind a page that is left: no more than 64 KiB, all together.
export const fitsBehind = (body) => new Blob([body]).size < 60_000;

// Why it is not this page's person who asks any more; empty where it is.
export function signedOut(answer) {
  if (answer.type === "opaqueredirect") return "you are signed out: sign in in another tab";
  if (answer.headers.get("x-person"))
    return "somebody else has signed in in this browser: sign in as yourself in another tab";
  return "";
}

// What the server's clock says; nothing until it has been heard. That of this machine may be wrong.
export const serverNow = () => (behind === null ? null : Date.now() + behind);

// The first element of some HTML, outside of the page.
export function nodeOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector("#desk") || template.content.firstElementChild;
}

// Above the buttons, and at once for who listens.
export function say(text) {
  const place = $("#problems");
  if (!place) return tell(text);
  const notice = document.createElement("p");
  notice.className = "notice error";
  notice.textContent = text;
  place.replaceChildren(notice);
}

// For who listens: what has happened, when it is quiet. A line each, so that what follows at once
// does not take its place; it goes again, so as not to be read later, or said when a dialog closes.
export function tell(text) {
  const line = document.createElement("p");
  line.textContent = text;
  $("#desk-said")?.append(line);
  setTimeout(() => line.remove(), 5000);
}
