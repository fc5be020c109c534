// Send a photo to the server, whole or in resumable pieces (docs/uploads.md).

// Four kinds of failure. An answer that is not ours, such as the page of a proxy or a wifi
// login, is a lost connection.
// Retried automatically.
export class Lost extends Error {
  constructor(status = 0) {
    super(`status ${status}`);
    this.status = status; // 0: no answer
  }
}
export class Refused extends Error {} // this file will never be taken; the message says why
export class Failed extends Error {} // not now; the message says why
export class TooLarge extends Error {} // for a proxy: smaller pieces may pass

const STALL_MS = 120_000; // without a byte sent or an answer: the connection is dead
const TRIES_TO_FIT = 20; // consecutive pieces at a wrong offset
const SETTLE_MS = 1000; // until the request of a dead connection has ended

function post(url, body, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not report upload progress
    let stall;
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), STALL_MS);
    };
    request.open("POST", url);
    request.setRequestHeader("HX-Request", "true"); // for partials instead of whole pages
    request.upload.onprogress = (event) => {
      watch();
      onProgress(event.loaded);
    };
    request.onloadend = () => {
      clearTimeout(stall);
      if (request.status === 0) reject(new Lost());
      else resolve(request);
    };
    watch();
    request.send(body);
  });
}

// The sentence in an answer from our server; "" if the answer is not ours.
function sentence(request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const found = page.querySelector(".upload-results .reason, .message.is-error");
  return found ? found.textContent.trim() : "";
}

// "added", "waiting" for the host's yes, "known" if it was here before, or an error of the kinds above.
function outcome(request) {
  const { status } = request;
  if (status === 413) throw new TooLarge();
  if (status < 300 && request.responseText.includes("upload-results")) {
    if (request.responseText.includes("is-known")) return "known";
    return request.responseText.includes("is-waiting") ? "waiting" : "added";
  }
  const reason = sentence(request);
  if (reason && status === 422) throw new Refused(reason);
  if (reason && (status === 507 || status === 429 || (status > 400 && status < 500))) throw new Failed(reason);
  throw new Lost(status);
}

// When a file was last changed, as this device's clock showed it: "2026-08-15T14:50:00.000".
function changedAt(file) {
  const changed = new Date(file.lastModified);
  return new Date(changed.getTime() - changed.getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
}

export async function sendWhole(url, file, onProgress) {
  const body = new FormData();
  body.append("changed_at", changedAt(file));
  body.append("photos", file, file.name);
  return outcome(await post(url, body, onProgress));
}

async function begin(url, file, sha256) {
  const facts = {
    file_name: file.name,
    size: file.size,
    modified: file.lastModified,
    changed_at: changedAt(file),
  };
  if (sha256) facts.sha256 = sha256;
  return post(url, new URLSearchParams(facts));
}

const offsetOf = (request) => Number(request.getResponseHeader("Upload-Offset") ?? NaN);

export async function sendPieces(url, file, sha256, pieceBytes, onProgress) {
  for (let tries = 0; tries < TRIES_TO_FIT; tries += 1) {
    let answer = await begin(url, file, sha256);
    const place = answer.getResponseHeader("Location");
    if (answer.status !== 201 || !place) return outcome(answer); // known already, or refused
    let status;
    do {
      const offset = offsetOf(answer);
      onProgress(offset);
      const piece = file.slice(offset, offset + pieceBytes);
      answer = await post(`${place}?offset=${offset}`, piece, (sent) => onProgress(offset + sent));
      status = answer.status;
    } while (status === 200 && offsetOf(answer) >= 0);
    // 409: the offset has moved, or another request is still writing. 404: it was swept, or is complete.
    if (status !== 409 && status !== 404) return outcome(answer);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  throw new Lost();
}

// Which of these hashes the room has; no answer does no harm.
export async function askKnown(url, hashes) {
  try {
    const answer = await post(url, new URLSearchParams(hashes.map((hash) => ["sha256", hash])));
    return answer.status === 200 ? JSON.parse(answer.responseText).known : [];
  } catch {
    return [];
  }
}
