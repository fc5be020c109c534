// The upload queue: every chosen photo ends up safe, or its row says why not (docs/uploads.md).
// Without this script it is a plain form for several files.

import { askKnown, Failed, Lost, Refused, sendPieces, sendWhole, TooLarge } from "./transport.js";
import { UploadView } from "./upload-view.js";
import { language } from "./words.js";

const AT_ONCE = 3; // hides round trips; more would only share the same uplink
const SMALLEST_PIECE = 256 * 1024; // bytes; a proxy that allows less allows no photos
const MOST_ASKED = 8; // hashes in one request
const LONGEST_WAIT_MS = 30_000; // between attempts to reach the server
const SERVER_TRIES = 8; // errors from a server that is reachable
const LOSSES = 3; // of one photo; then it is sent in smaller pieces, which get through sooner
const READ_TRIES = 8; // of a file that the phone is still fetching: two minutes in all

const form = document.querySelector("form[data-upload]");
const section = form.closest(".upload");
const input = form.querySelector("input[type=file]");
const zone = form.querySelector(".drop-zone");
const again = section.querySelector(".upload-again");
const { uploadsUrl } = form.dataset;

const toHash = []; // chosen, not hashed yet
const ready = []; // to be sent
const failed = []; // for "Retry failed"
const count = { total: 0, open: 0, sending: 0, added: 0, waiting: 0, known: 0, refused: 0 };
let pieceBytes = Number(form.dataset.pieceBytes);
let lostInARow = 0; // attempts that did not reach the server
let pause = null; // timer until the next attempt; null: not paused

const view = new UploadView(section, JSON.parse(form.dataset.words));
const phrase = (name, values) => view.phrase(name, values);
const isUnsafe = () => count.open > 0 || failed.length > 0;

function say() {
  view.say(count, { failed: failed.length, isPaused: pause !== null });
  again.hidden = failed.length === 0;
  stayAwake();
}

// ---- The outcome for a photo ------------------------------------------------------------------

function becomesSafe(item, outcome) {
  count.open -= 1;
  count[outcome] += 1;
  view.isSafe(item);
  htmx.trigger(document.body, "photo-added");
  if (outcome !== "waiting") document.querySelector("[data-first-photo]")?.remove(); // no longer needed in the room
  section.classList.remove("is-first");
}

function becomesRefused(item, reason) {
  count.open -= 1;
  count.refused += 1;
  view.note(item, reason, { isError: true });
}

function becomesFailed(item, reason) {
  count.open -= 1;
  failed.push(item);
  view.note(item, reason, { isError: true });
}

function becomesLost(item) {
  ready.unshift(item);
  if (pause !== null) return;
  const delay = Math.min(1000 * 2 ** lostInARow, LONGEST_WAIT_MS);
  lostInARow += 1;
  pause = setTimeout(goOn, delay * (0.5 + Math.random() / 2)); // jitter: a whole party comes back at once
}

function goOn() {
  clearTimeout(pause);
  pause = null;
  sendNext();
}

// A file from a cloud may exist only by name until the phone has fetched it.
async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function comesLater(item) {
  item.reads += 1;
  if (item.reads > READ_TRIES) {
    item.reads = 0;
    becomesFailed(item, phrase("unreadable"));
    return;
  }
  view.note(item, phrase("fetching"));
  setTimeout(
    () => {
      // others are sent meanwhile
      view.note(item, "");
      ready.push(item);
      sendNext();
    },
    Math.min(500 * 2 ** item.reads, LONGEST_WAIT_MS),
  );
}

async function transfer(item) {
  const { file } = item;
  if (!(await isReadable(file))) return comesLater(item);
  const onProgress = (bytes) => view.sent(item, bytes);
  const limit = Math.min(pieceBytes, item.pieceBytes);
  const bytes = Math.min(file.size, limit);
  const smaller = Math.max(Math.ceil(bytes / 2), SMALLEST_PIECE);
  try {
    const outcome =
      file.size > limit
        ? await sendPieces(uploadsUrl, file, item.sha256, limit, onProgress)
        : await sendWhole(form.action, file, onProgress);
    lostInARow = 0;
    return becomesSafe(item, outcome);
  } catch (error) {
    if (error instanceof Refused) return becomesRefused(item, error.message);
    if (error instanceof Failed) return becomesFailed(item, error.message);
    if (error instanceof TooLarge && bytes > SMALLEST_PIECE) {
      pieceBytes = Math.min(pieceBytes, smaller);
      return ready.unshift(item);
    }
    if (error instanceof TooLarge) return becomesRefused(item, phrase("too_large"));
    if (!(error instanceof Lost)) return becomesFailed(item, phrase("page_failed", { problem: String(error) }));
    if (!error.status && !(await isReadable(file))) return comesLater(item);
    if (error.status) item.tries += 1;
    else if (++item.losses >= LOSSES) item.pieceBytes = smaller;
    if (item.tries < SERVER_TRIES) return becomesLost(item);
    item.tries = 0;
    return becomesFailed(item, phrase("server_failed", { status: String(error.status) }));
  }
}

function sendNext() {
  while (count.sending < AT_ONCE && ready.length && pause === null) {
    count.sending += 1;
    transfer(ready.shift()).finally(() => {
      count.sending -= 1;
      sendNext();
    });
  }
  say();
}

// ---- Before sending: which photos does the room have already -----------------------------------

const worker = makeWorker();
const asked = new Map(); // number of a request to the worker: its resolve function
let isPreparing = false;

function makeWorker() {
  if (!globalThis.crypto?.subtle || !globalThis.Worker) return null; // plain http has none
  const made = new Worker(new URL("hash-worker.js", import.meta.url));
  made.onmessage = ({ data: { number, hash } }) => {
    asked.get(number)?.(hash);
    asked.delete(number);
  };
  made.onerror = () => {
    // the script did not load: no answer will come
    for (const answer of asked.values()) answer(null);
    asked.clear();
    made.isBroken = true;
  };
  return made;
}

let question = 0;
function hashOf(file) {
  if (!worker || worker.isBroken) return null;
  question += 1;
  const number = question;
  return new Promise((resolve) => {
    asked.set(number, resolve);
    worker.postMessage({ number, file });
  }).catch(() => null); // a file that cannot even be passed to the worker
}

async function prepare() {
  if (isPreparing) return;
  isPreparing = true;
  // In growing groups, so that the first upload starts soon.
  for (let size = 1; toHash.length; size = Math.min(2 * size, MOST_ASKED)) {
    const items = toHash.splice(0, size);
    const hashes = await Promise.all(items.map((item) => hashOf(item.file)));
    const some = hashes.filter(Boolean);
    const known = some.length ? await askKnown(`${uploadsUrl}/known`, some) : [];
    items.forEach((item, index) => {
      item.sha256 = hashes[index];
      if (known.includes(item.sha256)) becomesSafe(item, "known");
      else ready.push(item);
    });
    sendNext();
  }
  isPreparing = false;
}

// ---- Adding files --------------------------------------------------------------------------------

// Said before a byte is sent; the server checks again, by what the file really is.
function excess(file) {
  const { maxPhotoMb, maxClipMb, clipEndings } = form.dataset;
  const isClip = clipEndings.split(" ").some((ending) => file.name.toLowerCase().endsWith(ending));
  const mostMb = Number(isClip ? maxClipMb : maxPhotoMb);
  return file.size > mostMb * 1_000_000 ? phrase("too_many_mb", { number: mostMb.toLocaleString(language) }) : null;
}

function take(fileList) {
  const files = Array.from(fileList).filter((file) => file.size > 0 || file.type); // no folders
  if (!files.length) return say();
  if (!isUnsafe()) {
    Object.assign(count, { total: 0, added: 0, waiting: 0, known: 0, refused: 0 });
    view.clear();
  }
  count.total += files.length;
  count.open += files.length;
  for (const file of files) {
    const item = { file, sha256: null, pieceBytes, tries: 0, losses: 0, reads: 0, ...view.add(file) };
    const reason = excess(file);
    if (reason) becomesRefused(item, reason);
    else toHash.push(item);
  }
  say();
  return prepare();
}

input.addEventListener("click", () => {
  input.value = ""; // not after a choice: iOS keeps the files only as long as the input has them
  if (!count.total) view.announce(phrase("handing"));
});
input.addEventListener("cancel", () => {
  if (!count.total) view.announce("");
});
input.addEventListener("change", () => take(input.files));

again.addEventListener("click", () => {
  const items = failed.splice(0);
  count.open += items.length;
  for (const item of items) view.note(item, "");
  ready.push(...items);
  goOn();
});

// Anywhere on the page: a photo dropped beside the zone would otherwise replace the page.
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  zone.classList.add("is-over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.classList.remove("is-over"); // left the window
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  zone.classList.remove("is-over");
  take(event.dataTransfer.files);
});

// ---- Staying until all photos are safe ---------------------------------------------------------

window.addEventListener("beforeunload", (event) => {
  if (isUnsafe()) event.preventDefault(); // the browser asks whether to leave
});
window.addEventListener("online", () => {
  if (pause !== null) goOn();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (pause !== null) goOn(); // a phone that slept lost its connections
  stayAwake();
});

let lock = null; // of the screen; the system releases it when the page is hidden
async function stayAwake() {
  if (!navigator.wakeLock) return;
  if (count.open && !document.hidden && !lock) {
    lock = "asked for";
    lock = await navigator.wakeLock.request("screen").catch(() => null); // refused when saving battery
    lock?.addEventListener("release", () => {
      lock = null;
    });
    if (!count.open) stayAwake();
  } else if (!count.open && lock?.release) {
    lock.release();
  }
}

section.classList.add("has-queue");
if (input.files.length) take(input.files); // chosen before this script loaded
