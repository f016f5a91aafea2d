// What is at the desk at this moment. Each item that was fetched is a node of its own with what was
// typed in it, so one that steps aside comes back as it was left.

export const now = { desk: null };

const desks = new WeakMap();

export const $ = (selector) => document.querySelector(selector);

// The desk of a node; made when it is first asked for.
export function deskOf(node) {
  let desk = desks.get(node);
  if (desk) return desk;
  const source = node.querySelector("#desk-data");
  const form = node.querySelector("#judgement");
  desk = { node, form, data: source ? JSON.parse(source.textContent) : null };
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

// A POST of the desk's own kind. Rejects where the server was not reached; a redirect, which means
// that nobody is signed in any more, comes back as it is.
export function post(where, body, { headers, ...options } = {}) {
  return fetch(where, {
    method: "POST",
    redirect: "manual",
    headers: { "x-desk": "ahead", "x-csrftoken": token(), ...headers },
    body: typeof body === "object" ? new URLSearchParams(body) : body,
    ...options,
  });
}

export const signedOut = (answer) => answer.type === "opaqueredirect";

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

// For who listens: what has happened, when it is quiet.
export function tell(text) {
  const place = $("#desk-said");
  if (place) place.textContent = text;
}
