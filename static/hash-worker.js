// Hashes one file at a time off the main thread, so that scrolling stays smooth (docs/uploads.md).
"use strict";

let last = Promise.resolve(); // one file in memory at a time: a phone has little

async function sha256(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const MOST_BYTES = 150_000_000; // of a file: it is in memory as a whole, and a video may have gigabytes

self.onmessage = ({ data: { number, file } }) => {
  last = last
    .then(() => (file.size > MOST_BYTES ? null : sha256(file)))
    .catch(() => null) // cannot be read now: it is sent without asking whether the room has it
    .then((hash) => self.postMessage({ number, hash }));
};
