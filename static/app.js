// Used on all kinds of pages. They all work without it; upload.js, viewer.js and wall.js are for one page each.

import { speak } from "./speech.js";
import "./times.js";

// ---- What htmx leaves open -------------------------------------------------------------------

// An alert disappears when what failed works again, or when the next form succeeds.
let failedPath = null;
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const path = detail.pathInfo.requestPath.split("?")[0];
  if (detail.failed) failedPath = path;
  else if (detail.successful && (path === failedPath || detail.requestConfig.verb !== "get")) {
    document.getElementById("alerts").replaceChildren();
    failedPath = null;
  }
});

// Guests who have loaded more pages keep them; otherwise the first page is refreshed.
const GRIDS = "#photo-grid, #people-grid";
document.addEventListener("htmx:beforeRequest", (event) => {
  const grid = event.target;
  if (!grid.matches(GRIDS)) return;
  const isFurther =
    grid.querySelector(".more.is-before") || (grid.dataset.loadedMore && grid.getBoundingClientRect().top < 0);
  const isSelecting = grid.querySelector(".pick :checked");
  if (isFurther || isSelecting) event.preventDefault();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.matches(GRIDS)) delete event.target.dataset.loadedMore;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const grid = event.target.closest(GRIDS);
  if (grid && grid !== event.target) grid.dataset.loadedMore = "yes"; // one more page of it
});

// ---- The focus: htmx restores it to elements with an id; else it goes to the replacement ----------

let focusTakenBy = null; // the request whose answer replaces the focused element
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { activeElement } = document;
  if (activeElement !== document.body && detail.target.contains(activeElement)) focusTakenBy = detail.xhr;
});
document.addEventListener("htmx:afterSettle", (event) => {
  const { detail } = event;
  if (!focusTakenBy || detail.xhr !== focusTakenBy) return;
  focusTakenBy = null;
  if (document.activeElement !== document.body) return; // htmx or another script has restored it
  const target = document.getElementById(detail.target.id) || event.target; // not a toast that came with it
  const home = target.closest("[data-keeps-focus]"); // an element that stays while its content changes
  const next = target.matches("a, button") ? target : target.querySelector("a, button, input");
  focusOn(home || next || document.getElementById("main"));
});

function focusOn(place) {
  if (!place.matches("a, button, input")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

// Coming back from a photo by keyboard: focus its tile (static/viewer.js says which).
const seenPhoto = document.querySelector(".viewer") ? null : sessionStorage.getItem("seen-photo");
if (seenPhoto) {
  sessionStorage.removeItem("seen-photo");
  document.getElementById(`tile-${seenPhoto}`)?.focus();
}

// ---- How far the search is, for who does not see the screen -----------------------------------------

document.addEventListener("htmx:afterSettle", ({ target }) => {
  const region = document.getElementById("job-spoken");
  if (target.id !== "job-status" || !region) return;
  const text = target.querySelector("p")?.textContent.trim().replace(/\s+/g, " ") ?? "";
  speak(region, text, { isLast: !target.querySelector("progress") });
});

// ---- Toasts: they disappear by themselves unless hovered or focused -------------------------------

const SAY_AGAIN_MS = 500; // until a screen reader is done with the new page
const TOAST_MS = 9000; // long enough to read a sentence and reach its button

function removeToast(toast) {
  if (toast.contains(document.activeElement)) {
    focusOn(toast.cameFrom?.isConnected ? toast.cameFrom : document.getElementById("main"));
  }
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
  toast.addEventListener("focusin", ({ relatedTarget }) => {
    if (relatedTarget && !relatedTarget.closest(".toast")) toast.cameFrom = relatedTarget;
  });
  for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, stay);
  for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, goLater);
  toast.querySelector(".toast-close").addEventListener("click", () => removeToast(toast));
  goLater();
}

const toasts = document.getElementById("toasts");
if (toasts) {
  const toldByPage = [...toasts.querySelectorAll(".toast")];
  toldByPage.forEach(tendToast);
  setTimeout(() => {
    // a live region announces what is added to it, not its initial content
    for (const toast of toldByPage) {
      if (!toast.isConnected || toast.contains(document.activeElement)) continue;
      toast.classList.add("is-told");
      toasts.append(toast);
    }
  }, SAY_AGAIN_MS);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.matches?.(".toast:not(.is-told)")) tendToast(node);
    }
  }).observe(toasts, { childList: true });
}

// ---- Add: from anywhere in the room to the picker of photos ------------------------------------

for (const link of document.querySelectorAll("[data-add]")) {
  link.addEventListener("click", (event) => {
    const input = document.querySelector("form[data-upload] input[type=file]");
    if (!input) return; // the link leads to the page with the picker
    event.preventDefault();
    document.getElementById("upload").scrollIntoView({ block: "center" });
    input.click();
  });
}

// ---- Buttons that copy, send and print ---------------------------------------------------------

async function copyText(text) {
  // navigator.clipboard exists only on https and localhost; a home network often has neither.
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
    if (error.name !== "AbortError") throw error; // the guest cancelled
  }
  return undefined;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-share-url], [data-print]");
  if (!button) return;
  if (button.dataset.copy) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    copyText(field.value).then(() => {
      button.textContent = button.dataset.done;
    });
  } else if (button.dataset.shareUrl) shareLink(button);
  else window.print();
});

for (const button of document.querySelectorAll("[data-share-url][hidden]")) {
  button.hidden = !navigator.share; // there is a copy button beside it
}

// ---- One photo, saved on an iPhone or iPad (which calls itself a Macintosh) -----------------------

const isApplePhone =
  /iPhone|iPad/.test(navigator.userAgent) ||
  (navigator.userAgent.includes("Macintosh") && navigator.maxTouchPoints > 1);
if (isApplePhone) import("./save-one.js");

// ---- Installed on the home screen: the service worker receives photos from the gallery; the icon
// tells how many photos of this guest they have not seen ---------------------------------------------

const isInstalled = window.matchMedia("(display-mode: standalone)").matches;

function tellOnIcon() {
  const own = document.querySelector("[data-new-photos]");
  if (own && isInstalled && navigator.setAppBadge) {
    navigator.setAppBadge(Number(own.dataset.newPhotos)); // 0 takes the badge away
  }
}

tellOnIcon();
document.body.addEventListener("htmx:afterSettle", tellOnIcon); // the home has loaded itself again

if (navigator.serviceWorker && isInstalled) {
  navigator.serviceWorker.register(document.querySelector("meta[name=service-worker]").content);
}
