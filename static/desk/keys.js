// Which key does what. Keys of the taxonomy come before those of the desk that are not reserved.

import { now } from "./now.js";

const RESERVED = {
  a: ["choose", "A"],
  b: ["choose", "B"],
  f: ["fine"],
  F: ["both-fine"],
  c: ["copy-A"],
  v: ["copy-B"],
  e: ["edit"],
  u: ["undo"],
  k: ["skip"],
  o: ["other"],
  s: ["next-way"],
  j: ["mark"],
  "/": ["find"],
  "?": ["keys"],
};
const OTHERS = { Backspace: ["remove"], "!": ["flag"], "=": ["renew"], "*": ["request-way"] };

// What a key asks for: [act, of what]; null where it asks for nothing.
export function actOf(key, searching) {
  if (RESERVED[key]) return RESERVED[key];
  const { categories, severities } = now.desk.data;
  const category = categories.find((one) => one.hotkey === key);
  if (category) return ["category", category.key];
  const severity = severities.find((one) => one.hotkey === key);
  if (severity) return ["severity", severity.key];
  if (searching && key === nextKey()) return ["found", 1];
  if (searching && key === previousKey()) return ["found", -1];
  return OTHERS[key] || null;
}

// n and N, as everywhere, unless the taxonomy has one of them.
const free = () =>
  ![...now.desk.data.categories, ...now.desk.data.severities].some((one) => /^n$/i.test(one.hotkey));
export const nextKey = () => (free() ? "n" : ".");
export const previousKey = () => (free() ? "N" : ",");
