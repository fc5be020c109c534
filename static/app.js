// What pages of every kind use. They all work without it; viewer.js and wall.js are for one page each.
"use strict";

document.documentElement.classList.add("js");

const UPLOADS_AT_ONCE = 2; // enough to hide a round trip; more would only share the same uplink

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
  const takeChosen = () => {
    const files = imageFiles(input.files); // copied before the input is cleared for the next choice
    uploadForm.reset();
    if (files.length) take(files);
  };
  input.addEventListener("change", takeChosen);
  takeChosen(); // a quick guest has chosen before this script was there
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
  if (isFurther) event.preventDefault();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "photo-grid") delete event.target.dataset.loadedMore;
});
document.addEventListener("click", (event) => {
  const more = event.target.closest("#photo-grid .more");
  if (more) more.closest("#photo-grid").dataset.loadedMore = "yes";
});

// ---- Toasts: they go by themselves, but not while somebody points at them or is in them ---------

const TOAST_MS = 9000; // long enough to read a sentence and to reach for its button

function removeToast(toast) {
  toast.classList.add("is-leaving");
  setTimeout(() => toast.remove(), 300);
}

function tendToast(toast) {
  let timer;
  const stay = () => clearTimeout(timer);
  const goLater = () => {
    stay();
    timer = setTimeout(() => removeToast(toast), TOAST_MS);
  };
  for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, stay);
  for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, goLater);
  toast.querySelector(".toast-close").addEventListener("click", () => removeToast(toast));
  goLater();
}

const toasts = document.getElementById("toasts");
if (toasts) {
  for (const toast of toasts.querySelectorAll(".toast")) tendToast(toast);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.matches?.(".toast")) tendToast(node);
    }
  }).observe(toasts, { childList: true });
}

// ---- Add: from anywhere in the room to the picker of photos ------------------------------------

for (const link of document.querySelectorAll("[data-add]")) {
  link.addEventListener("click", (event) => {
    const input = document.querySelector("form[data-upload] input[type=file]");
    if (!input) return; // the link leads to the page that has it
    event.preventDefault();
    document.getElementById("upload").scrollIntoView({ block: "center" });
    input.click();
  });
}

// ---- Buttons that copy, send and print ---------------------------------------------------------

async function copyText(text) {
  // navigator.clipboard exists on https and localhost only; a home network often has neither.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  return field.remove();
}

async function shareLink(button) {
  const url = new URL(button.dataset.shareUrl, location.href).href;
  try {
    if (navigator.share) return await navigator.share({ title: button.dataset.shareTitle, url });
    await copyText(url);
    button.querySelector("span").textContent = button.dataset.done;
  } catch (error) {
    if (error.name !== "AbortError") throw error; // the guest thought better of it
  }
  return undefined;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-share-url], [data-print]");
  if (!button) return;
  if (button.dataset.copy) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    copyText(field.value).then(() => { button.textContent = button.dataset.done; });
  } else if (button.dataset.shareUrl) shareLink(button);
  else window.print();
});

for (const button of document.querySelectorAll("[data-share-url][hidden]")) {
  button.hidden = !navigator.share; // a copy button stands beside it
}

// ---- Installed on the home screen: photos from the gallery come by the service worker ------------

if (navigator.serviceWorker && window.matchMedia("(display-mode: standalone)").matches) {
  navigator.serviceWorker.register(document.querySelector("meta[name=service-worker]").content);
}
