// How a photo gets to the server: whole, or in pieces that go on where they stopped (docs/uploads.md).

// Four ways of not arriving. Whatever is none of ours, such as the page of a proxy or of a wifi's
// login, is a lost connection.
// Goes on by itself.
export class Lost extends Error {
  constructor(status = 0) {
    super(`status ${status}`);
    this.status = status; // 0: nobody answered
  }
}
export class Refused extends Error {} // this file will never be taken; the message says why
export class Failed extends Error {} // not now; the message says why
export class TooLarge extends Error {} // for a proxy: smaller pieces may pass

const STALL_MS = 120_000; // without a byte sent or an answer: the connection is dead
const TRIES_TO_FIT = 20; // pieces that did not fit, one after the other
const SETTLE_MS = 1000; // until the request of a dead connection is done with

function post(url, body, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of what was sent
    let stall;
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), STALL_MS);
    };
    request.open("POST", url);
    request.setRequestHeader("HX-Request", "true"); // parts of a page, not whole ones
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

// The sentence of our server in an answer; "" where the answer is somebody else's.
function sentence(request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const found = page.querySelector(".upload-results .reason, .message.is-error");
  return found ? found.textContent.trim() : "";
}

// "safe", or an error of the kinds above.
function outcome(request) {
  const { status } = request;
  if (status === 413) throw new TooLarge();
  if (status < 300 && request.responseText.includes("upload-results")) return "safe";
  const reason = sentence(request);
  if (reason && status === 422) throw new Refused(reason);
  if (reason && (status === 507 || status === 429 || (status > 400 && status < 500))) throw new Failed(reason);
  throw new Lost(status);
}

export async function sendWhole(url, file, onProgress) {
  const body = new FormData();
  body.append("photos", file, file.name);
  return outcome(await post(url, body, onProgress));
}

async function begin(url, file, sha256) {
  const facts = { file_name: file.name, size: file.size, modified: file.lastModified };
  if (sha256) facts.sha256 = sha256;
  return post(url, new URLSearchParams(facts));
}

const offsetOf = (request) => Number(request.getResponseHeader("Upload-Offset") ?? NaN);

export async function sendPieces(url, file, sha256, pieceBytes, onProgress) {
  for (let tries = 0; tries < TRIES_TO_FIT; tries += 1) {
    let answer = await begin(url, file, sha256);
    const place = answer.getResponseHeader("Location");
    if (answer.status !== 201 || !place) return outcome(answer); // here already, or not taken
    let status;
    do {
      const offset = offsetOf(answer);
      onProgress(offset);
      const piece = file.slice(offset, offset + pieceBytes);
      answer = await post(`${place}?offset=${offset}`, piece, (sent) => onProgress(offset + sent));
      status = answer.status;
    } while (status === 200 && offsetOf(answer) >= 0);
    // 409: it is further, or another request still writes. 404: it was swept, or is complete.
    if (status !== 409 && status !== 404) return outcome(answer);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  throw new Lost();
}

// Which of these hashes the room has; nothing is lost if nobody answers.
export async function askKnown(url, hashes) {
  try {
    const answer = await post(url, new URLSearchParams(hashes.map((hash) => ["sha256", hash])));
    return answer.status === 200 ? JSON.parse(answer.responseText).known : [];
  } catch {
    return [];
  }
}
