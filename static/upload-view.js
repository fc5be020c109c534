// What the upload queue shows: a small picture of each photo, one bar for all, and the files that need a word.

import { speak } from "./speech.js";
import { fill, language } from "./words.js";

const MOST_PICTURES = 60; // each costs the phone a decoded photo for a moment
const PICTURE_PX = 128;

const plurals = new Intl.PluralRules(language);

export class UploadView {
  constructor(section, words) {
    this.section = section;
    this.words = words; // in the guest's language, with {name} for a value; by plural form where one counts
    this.pictures = section.querySelector(".upload-pictures");
    this.bar = section.querySelector(".upload-bar");
    this.list = section.querySelector(".upload-list");
    this.summary = section.querySelector(".upload-summary");
    this.spoken = section.querySelector(".upload-spoken");
    this.next = section.querySelector(".upload-next");
    this.toDraw = [];
    this.isDrawing = false;
    this.clear();
  }

  phrase(name, values = {}) {
    const word = this.words[name];
    const text = typeof word === "string" ? word : (word[plurals.select(values.number)] ?? word.other);
    return fill(text, values);
  }

  clear() {
    this.bytes = { total: 0, sent: 0 };
    this.pictures.replaceChildren();
    this.list.replaceChildren();
    this.toDraw.length = 0;
  }

  // The parts of an item of the queue that this view knows.
  add(file) {
    const item = { file, picture: null, row: null, sent: 0 };
    this.bytes.total += file.size;
    if (this.pictures.childElementCount < MOST_PICTURES) {
      item.picture = document.createElement("canvas");
      item.picture.width = item.picture.height = 1; // until it is drawn
      this.pictures.append(item.picture);
      this.toDraw.push(item);
      this.draw();
    }
    return item;
  }

  // One after the other, so that a phone never holds more than one decoded photo.
  async draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    while (this.toDraw.length) {
      const { file, picture } = this.toDraw.shift();
      try {
        const small = await createImageBitmap(file, { resizeWidth: PICTURE_PX, resizeQuality: "low" });
        picture.width = small.width;
        picture.height = small.height;
        picture.getContext("2d").drawImage(small, 0, 0);
        small.close();
      } catch {
        picture.classList.add("is-blank"); // HEIC, for example, which most browsers cannot read
      }
    }
    this.isDrawing = false;
  }

  sent(item, bytes) {
    this.bytes.sent += bytes - item.sent;
    item.sent = bytes;
    this.bar.max = Math.max(this.bytes.total, 1);
    this.bar.value = this.bytes.sent;
  }

  isSafe(item) {
    this.sent(item, item.file.size);
    item.picture?.classList.add("is-safe");
    item.row?.remove();
  }

  // A file is named only where there is something to say about it.
  note(item, text, { isError = false } = {}) {
    item.row?.remove();
    item.row = null;
    item.picture?.classList.toggle("is-error", isError);
    if (isError) this.sent(item, item.file.size);
    if (!text) return;
    const name = document.createElement("span");
    name.className = "file-name";
    name.textContent = item.file.name;
    name.dir = "auto";
    const note = document.createElement("span");
    note.className = isError ? "upload-note is-error" : "upload-note";
    note.textContent = text;
    item.row = document.createElement("li");
    item.row.append(name, note);
    this.list.append(item.row);
  }

  announce(text) {
    this.summary.textContent = text;
    this.section.classList.toggle("is-idle", !text);
  }

  say(count, { failed, isPaused }) {
    const inRoom = count.added + count.known;
    const safe = inRoom + count.waiting;
    const parts = [];
    if (count.open && !count.sending && !safe && !isPaused) parts.push(this.phrase("preparing"));
    else if (count.open) parts.push(this.phrase("so_far", { safe, total: count.total }));
    else {
      if (count.added || !(count.known || count.waiting)) parts.push(this.phrase("added", { number: count.added }));
      if (count.waiting) parts.push(this.phrase("waiting", { number: count.waiting }));
      if (count.known) parts.push(this.phrase("known", { number: count.known }));
      if (count.refused) parts.push(this.phrase("refused", { number: count.refused }));
      if (failed) parts.push(this.phrase("failed", { number: failed }));
    }
    if (isPaused) parts.push(this.phrase("paused"));
    this.announce(parts.join(" · "));
    this.bar.hidden = !count.open;
    if (this.next) this.next.hidden = count.open > 0 || !inRoom;
    speak(this.spoken, this.summary.textContent, { isLast: !count.open || isPaused });
  }
}
