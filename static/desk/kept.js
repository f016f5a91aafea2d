// What this browser keeps while the server does not have it. In IndexedDB, where it is on the disk
// at once: localStorage is written seconds later, too late for a browser that is killed.
//
// Nothing here throws or rejects: where the store cannot be had the desk goes on without it.

const STORE = "kept";
const LOCK = "crosscheck-tab:";
const LONGEST = 2000; // milliseconds that it may take to open

const kept = new Map(); // what the store holds, or is to hold
const others = new BroadcastChannel("crosscheck-kept"); // tells other tabs what has changed
let connection = null; // a promise; null where it is to be opened (again)

// What this tab keeps says so; a lock of that name is held as long as the tab lives.
const tab = Math.random().toString(36).slice(2);
const locks = navigator.locks; // none where the address is not a safe one
const awaited = new Set(); // tabs whose end is waited for
let heir = null;
locks?.request(LOCK + tab, () => new Promise(() => {}));

await readAll();

export const get = (key) => kept.get(key);

export const under = (prefix) => [...kept].filter(([key]) => key.startsWith(prefix)).map(([, one]) => one);

// Whether it is on the disk, once that is known.
export function put(key, what) {
  const value = { ...what, tab };
  kept.set(key, value);
  others.postMessage({ key, value });
  return write(key);
}

export function remove(key) {
  if (!kept.delete(key)) return;
  others.postMessage({ key });
  write(key);
}

export function removeUnder(prefix, unwanted = () => true) {
  for (const [key, value] of [...kept]) if (key.startsWith(prefix) && unwanted(value)) remove(key);
}

others.addEventListener("message", ({ data: { key, value } }) => {
  if (value === undefined) kept.delete(key);
  else kept.set(key, value);
  if (locks) awaitEnds();
});

// `take([[key, value], …])` is told what a tab that is gone has left and `wanted(key)` says is this
// page's to see to: at once, or when that tab is closed, and one tab of all that are open.
export function inherit(wanted, take) {
  heir = { wanted, take };
  awaitEnds();
}

const leftBy = (gone) => [...kept].filter(([key, value]) => value.tab === gone && heir.wanted(key));

function awaitEnds() {
  if (!heir) return;
  for (const [key, { tab: other }] of kept) {
    if (other === tab || awaited.has(other) || !heir.wanted(key)) continue;
    awaited.add(other);
    if (locks) locks.request(LOCK + other, () => takeOver(other));
    else takeOver(other);
  }
}

// Holds the lock of the one that is gone: who gets it next finds what is written here.
async function takeOver(gone) {
  await readAll();
  const found = leftBy(gone);
  await Promise.all(found.map(([key, value]) => put(key, value)));
  if (found.length) heir.take(found);
}

// A page that the back button brings again was told nothing meanwhile.
addEventListener("pageshow", (event) => event.persisted && readAll());

// Writes what is to be there now, so that it does not matter which of two writes is done last.
async function write(key) {
  const done = await within("readwrite", (store) => {
    if (kept.has(key)) store.put(kept.get(key), key);
    else store.delete(key);
  });
  return Boolean(done);
}

async function readAll() {
  const found = await within("readonly", (store) => [store.getAllKeys(), store.getAll()]);
  if (!found) return;
  kept.clear();
  found[0].result.forEach((key, i) => kept.set(key, found[1].result[i]));
}

// What `act` gave, once the transaction is done; null where there is no store. A connection that the
// browser has closed is opened again.
async function within(mode, act) {
  for (let left = 2; left; left--) {
    connection ||= open();
    const used = connection;
    const database = await used.catch(() => null);
    if (!database) {
      if (connection === used) connection = null; // who asks next tries again
      return null;
    }
    try {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const given = act(transaction.objectStore(STORE)) ?? true;
      await endOf(transaction);
      return given;
    } catch {
      if (connection === used) connection = null;
      database.close();
    }
  }
  return null;
}

// A browser that was killed may hold it for a moment longer.
async function open() {
  const opened = Promise.resolve()
    .then(opening)
    .catch(() => pause(LONGEST / 4).then(opening))
    .catch(() => pause(LONGEST / 4).then(opening));
  const database = await Promise.race([opened, pause(LONGEST)]);
  if (!database) throw new Error("this browser keeps nothing");
  const gone = () => {
    connection = null;
    database.close();
  };
  database.onclose = database.onversionchange = gone;
  return database;
}

function opening() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("crosscheck", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds, null));
}

function endOf(transaction) {
  return new Promise((done, failed) => {
    transaction.oncomplete = done;
    transaction.onabort = transaction.onerror = () => failed(transaction.error);
  });
}
