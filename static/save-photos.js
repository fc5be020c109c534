// Into the phone's gallery: where a browser can share files (https), its sheet offers "Save Image". Photos are fetched
// in parts that fit, and each part waits for a tap, since a browser opens the sheet only right after one.

import { fill } from "./words.js";

const PART_PHOTOS = 40;
const PART_BYTES = 150e6; // phones hold a part in memory; a photo of a newer phone has 3 to 8 MB
const IDS_AT_ONCE = 300; // in one address: proxies take 8 kB
const QUOTED_NAME = /filename\*=UTF-8''([^;]+)/;

const sample = new File([new Uint8Array(1)], "photo.jpg", { type: "image/jpeg" });
export const canSave = Boolean(navigator.canShare?.({ files: [sample] }));

export async function fetchFile(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const name = answer.headers.get("Content-Disposition")?.match(QUOTED_NAME);
  const blob = await answer.blob();
  return new File([blob], name ? decodeURIComponent(name[1]) : "photo.jpg", { type: blob.type });
}

// Which photos: those of an album, or those that are chosen in the form around the button.
async function listFiles(button) {
  const address = new URL(button.dataset.save, location.href);
  if (!button.form) return (await fetch(address)).json();
  const ids = new FormData(button.form).getAll("photos");
  const files = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    address.searchParams.set("photos", ids.slice(from, from + IDS_AT_ONCE).join(","));
    files.push(...(await (await fetch(address)).json()));
  }
  return files;
}

function divide(files) {
  const parts = [[]];
  let bytes = 0;
  for (const [address, size] of files) {
    const part = parts.at(-1);
    bytes += size;
    if (part.length === PART_PHOTOS || (part.length && bytes > PART_BYTES)) {
      parts.push([address]);
      bytes = size;
    } else part.push(address);
  }
  return parts;
}

async function save(button) {
  const dialog = document.getElementById("save-photos");
  const [status, next] = [dialog.querySelector("[data-status]"), dialog.querySelector("[data-next]")];
  const isOpen = () => dialog.open;
  const say = (name, values) => {
    status.textContent = fill(dialog.dataset[name], values);
  };
  next.disabled = true;
  status.textContent = "";
  dialog.showModal();
  const files = await listFiles(button);
  let done = 0;
  for (const part of divide(files)) {
    const ready = [];
    for (const address of part) {
      say("preparing", { done: done + ready.length, total: files.length });
      ready.push(await fetchFile(address)); // one after the other: a phone has one line
      if (!isOpen()) return;
    }
    const shared = ready.filter((file) => navigator.canShare({ files: [file] }));
    const isLast = done + part.length === files.length;
    say("ready", { first: done + 1, last: done + part.length, total: files.length });
    next.disabled = false;
    if (!(await tapped(next, dialog, shared))) return;
    next.disabled = true;
    done += part.length;
    if (isLast) dialog.close();
  }
}

// Wait until a part was handed over; a sheet that was closed can be opened again.
function tapped(next, dialog, files) {
  return new Promise((resolve, reject) => {
    const end = new AbortController();
    const finish = (result) => {
      end.abort();
      resolve(result);
    };
    const share = () =>
      navigator.share({ files }).then(
        () => finish(true),
        (error) => {
          if (error.name === "AbortError") return; // closed without saving
          end.abort();
          reject(error);
        },
      );
    next.addEventListener("click", share, { signal: end.signal });
    dialog.addEventListener("close", () => finish(false), { signal: end.signal });
  });
}

document.documentElement.classList.toggle("can-save", canSave);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save]");
  if (button) {
    save(button).catch((error) => {
      const dialog = document.getElementById("save-photos");
      dialog.querySelector("[data-status]").textContent = dialog.dataset.failed;
      throw error;
    });
  }
  if (event.target.closest("#save-photos [data-cancel]")) document.getElementById("save-photos").close();
});
