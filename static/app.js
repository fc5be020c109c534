// PhotoShare's only script. Every page works without it; it adds upload progress, copying, keys and swipes.
"use strict";

document.documentElement.classList.add("js");

const UPLOADS_AT_ONCE = 2; // enough to hide a round trip; more would only share the same uplink
const SWIPE_PX = 60; // a shorter stroke is a tap or a scroll

// ---- Upload: one request a photo, each with its own bar --------------------------------------

function uploadRow(list, file) {
  const row = document.createElement("li");
  const name = document.createElement("span");
  name.className = "file-name";
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  row.append(name, bar);
  list.append(row);
  return { row, bar };
}

// Send one file; resolves to whether it is safe on the server. Never rejects.
function sendPhoto(form, file, { row, bar }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("photos", file, file.name);
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    };
    request.onload = () => {
      row.innerHTML = request.responseText; // rendered and escaped by the server
      resolve(request.status < 300);
    };
    request.onerror = () => {
      const problem = document.createElement("span");
      problem.className = "is-error";
      problem.textContent = "not sent: the connection was lost";
      bar.replaceWith(problem);
      resolve(false);
    };
    request.send(body);
  });
}

async function uploadAll(form, files) {
  const section = form.closest(".upload");
  const list = section.querySelector(".upload-list");
  const summary = section.querySelector(".upload-summary");
  const waiting = files.map((file) => ({ file, parts: uploadRow(list, file) }));
  const total = waiting.length;
  let done = 0;
  let safe = 0;
  const report = () => {
    const rest = done === total && safe < total ? `; ${total - safe} not taken, see below` : "";
    summary.textContent = `${safe} of ${total} safe${rest}`;
  };
  report();
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const isSafe = await sendPhoto(form, next.file, next.parts);
      done += 1;
      if (isSafe) {
        safe += 1;
        next.parts.row.remove();
        htmx.trigger(document.body, "photo-added");
      }
      report();
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, worker));
}

function imageFiles(fileList) {
  return Array.from(fileList).filter((file) => file.size > 0 || file.type);
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector(".drop-zone");
  input.addEventListener("change", () => {
    const files = imageFiles(input.files); // copied before the input is cleared for the next choice
    form.reset();
    uploadAll(form, files);
  });
  for (const type of ["dragenter", "dragover"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  for (const type of ["dragleave", "drop"]) {
    zone.addEventListener(type, () => zone.classList.remove("is-over"));
  }
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    uploadAll(form, imageFiles(event.dataTransfer.files));
  });
}

// ---- Copy buttons ----------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    // navigator.clipboard exists on https and localhost only; a home network often has neither.
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else document.execCommand("copy");
    button.textContent = "Copied";
  });
}

// ---- Photo page: arrow keys and swipes follow the page's own links ---------------------------

function follow(rel) {
  const link = document.querySelector(`.photo-nav a[rel=${rel}]`);
  if (link) link.click();
}

const frame = document.querySelector(".photo-frame");
if (frame) {
  const keys = { ArrowLeft: "prev", ArrowRight: "next", Escape: "up" };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea");
    if (keys[event.key] && !isTyping && !event.altKey && !event.ctrlKey && !event.metaKey) {
      follow(keys[event.key]);
    }
  });
  let start = null;
  frame.addEventListener("touchstart", (event) => {
    start = event.touches.length === 1 ? event.touches[0] : null;
  }, { passive: true });
  frame.addEventListener("touchend", (event) => {
    const end = event.changedTouches[0];
    if (!start || window.visualViewport.scale > 1) return; // two fingers, or zoomed in
    const dx = end.clientX - start.clientX;
    const dy = end.clientY - start.clientY;
    if (Math.abs(dx) > SWIPE_PX && Math.abs(dx) > 2 * Math.abs(dy)) follow(dx < 0 ? "next" : "prev");
  }, { passive: true });
}
