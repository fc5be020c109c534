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

const LOST_STATUSES = [408, 502, 503, 504]; // of a proxy or a server that is starting again

// Send one file; resolves to "safe", "rejected" or "lost" (worth another try). Never rejects.
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
    const lose = () => {
      const problem = document.createElement("span");
      problem.className = "is-error";
      problem.textContent = "not sent, connection lost";
      bar.replaceWith(problem);
      resolve("lost");
    };
    request.onload = () => {
      if (LOST_STATUSES.includes(request.status)) return lose();
      row.innerHTML = request.responseText; // rendered and escaped by the server
      return resolve(request.status < 300 ? "safe" : "rejected");
    };
    request.onerror = lose;
    request.send(body);
  });
}

// Make a form send files as they come; returns the function that takes more of them.
function uploader(form) {
  const section = form.closest(".upload");
  const list = section.querySelector(".upload-list");
  const summary = section.querySelector(".upload-summary");
  const again = section.querySelector(".upload-again");
  const waiting = [];
  const lost = [];
  const count = { total: 0, sending: 0, safe: 0, rejected: 0 };
  const isBusy = () => count.sending + waiting.length > 0;
  const report = () => {
    let text = `${count.safe} of ${count.total} safe`;
    if (!isBusy() && count.rejected) text += `; ${count.rejected} not taken, see below`;
    if (!isBusy() && lost.length) text += `; ${lost.length} not sent, see below`;
    summary.textContent = text;
    again.hidden = lost.length === 0;
  };
  const send = async (item) => {
    count.sending += 1;
    const outcome = await sendPhoto(form, item.file, item.parts);
    count.sending -= 1;
    if (outcome === "lost") lost.push(item);
    else count[outcome] += 1;
    if (outcome === "safe") {
      item.parts.row.remove();
      htmx.trigger(document.body, "photo-added");
    }
    sendNext();
  };
  const sendNext = () => {
    while (count.sending < UPLOADS_AT_ONCE && waiting.length) send(waiting.shift());
    report();
  };
  const take = (files) => {
    if (!isBusy() && !lost.length) Object.assign(count, { total: 0, safe: 0, rejected: 0 });
    count.total += files.length;
    waiting.push(...files.map((file) => ({ file, parts: uploadRow(list, file) })));
    sendNext();
  };
  again.addEventListener("click", () => {
    for (const item of lost.splice(0)) {
      item.parts.row.remove();
      waiting.push({ file: item.file, parts: uploadRow(list, item.file) });
    }
    sendNext();
  });
  window.addEventListener("beforeunload", (event) => {
    if (isBusy() || lost.length) event.preventDefault(); // the browser asks whether to leave
  });
  return take;
}

function imageFiles(fileList) {
  return Array.from(fileList).filter((file) => file.size > 0 || file.type);
}

const uploadForm = document.querySelector("form[data-upload]");
if (uploadForm) {
  const input = uploadForm.querySelector("input[type=file]");
  const zone = uploadForm.querySelector(".drop-zone");
  const take = uploader(uploadForm);
  input.addEventListener("change", () => {
    const files = imageFiles(input.files); // copied before the input is cleared for the next choice
    uploadForm.reset();
    if (files.length) take(files);
  });
  // Anywhere on the page: a photo dropped beside the zone would else open in place of the page.
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
    const files = imageFiles(event.dataTransfer.files);
    if (files.length) take(files);
  });
}

// ---- What htmx leaves open -------------------------------------------------------------------

// An alert goes when what failed works again, or when the next form was taken.
let failedPath = null;
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const path = detail.pathInfo.requestPath.split("?")[0];
  if (detail.failed) failedPath = path;
  else if (detail.successful && (path === failedPath || detail.requestConfig.verb !== "get")) {
    document.getElementById("alerts").replaceChildren();
    failedPath = null;
  }
});

// Who reads further down, with more pages loaded, keeps them; the first page is renewed otherwise.
document.addEventListener("htmx:beforeRequest", (event) => {
  const grid = event.target;
  if (grid.id !== "photo-grid") return;
  const isFurther = grid.dataset.loadedMore && grid.getBoundingClientRect().top < 0;
  const isSelecting = grid.querySelector(".pick :checked");
  if (isFurther || isSelecting) event.preventDefault();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "photo-grid") delete event.target.dataset.loadedMore;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const grid = event.target.closest("#photo-grid");
  if (grid && grid !== event.target) grid.dataset.loadedMore = "yes"; // one more page of it
});

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
