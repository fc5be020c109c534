// The page of one photo: steps without leaving the page, so that Back returns to the album; swipes, pinch, keys.

import { faceNear, layOutFaces } from "./faces.js";

const SWIPE_PX = 60; // a shorter movement is a tap or a scroll
const TAP_PX = 10; // a finger that moves less has not moved
const DOUBLE_TAP_MS = 280;
const MAX_SCALE = 6;
const TAP_SCALE = 2.5; // of a double tap

const isRightToLeft = document.documentElement.dir === "rtl";
const find = (selector) => document.querySelector(`.viewer ${selector}`);
const linkTo = (rel) => find(`a[rel=${rel}]`);

// ---- From photo to photo: one history entry for all of them ------------------------------------

export const pages = new Map(); // by address: the promise of a photo's page

function load(address) {
  if (!pages.has(address)) {
    const page = fetch(address).then(async (answer) => {
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return new DOMParser().parseFromString(await answer.text(), "text/html");
    });
    page.catch(() => pages.delete(address)); // so that the next attempt may succeed
    pages.set(address, page);
  }
  return pages.get(address);
}

function preloadNeighbours() {
  for (const link of [linkTo("next"), linkTo("prev")]) {
    if (!link) continue;
    load(link.href).then(
      (page) => {
        new Image().src = page.querySelector(".photo-frame img").src;
      },
      () => {}, // stepping to it will show the error
    );
  }
}

let isStepping = false;
async function step(rel) {
  const link = linkTo(rel);
  if (!link || isStepping) return settle();
  isStepping = true;
  try {
    show(await load(link.href), link.href, rel);
  } catch {
    location.replace(link.href); // deleted meanwhile, or no connection: the browser shows it
  }
  isStepping = false;
  return undefined;
}

function show(page, address, rel) {
  const old = document.querySelector(".viewer");
  const hadFocus = old.contains(document.activeElement);
  const article = document.importNode(page.querySelector(".viewer"), true);
  article.classList.add(`is-from-${rel}`);
  old.replaceWith(article);
  htmx.process(article);
  document.title = page.title;
  history.replaceState(history.state, "", address);
  zoom = { scale: 1, x: 0, y: 0 };
  markFaces();
  layOut();
  if (hadFocus) (linkTo(rel) || linkTo("up")).focus({ preventScroll: true });
  document.getElementById("viewer-status").textContent = article.querySelector("h1").textContent;
  preloadNeighbours();
}

// Leave like the back button, to the album's scroll position; by its link if we did not come from it.
function leave() {
  const up = linkTo("up").href;
  const cameFrom = document.referrer && new URL(document.referrer);
  if (cameFrom && cameFrom.pathname === new URL(up).pathname && history.length > 1) history.back();
  else location.assign(up);
}

// ---- Faces: outlines on a tap ------------------------------------------------------------------

function markFaces() {
  const isShown = document.documentElement.classList.contains("shows-faces");
  find("[data-faces]")?.setAttribute("aria-pressed", String(isShown));
}

function toggleFaces() {
  if (!find("[data-faces]")) return;
  document.documentElement.classList.toggle("shows-faces");
  markFaces();
}

// ---- Zoom: the position of the photo, in pixels of the stage -----------------------------------

let zoom = { scale: 1, x: 0, y: 0 };

function place({ isSettling = false } = {}) {
  const frame = find(".photo-frame");
  const { width, height } = frame.parentElement.getBoundingClientRect();
  zoom.scale = Math.min(Math.max(zoom.scale, 1), MAX_SCALE);
  // The edges of an enlarged photo stay outside the stage.
  if (zoom.scale > 1) {
    zoom.x = Math.min(0, Math.max(zoom.x, width * (1 - zoom.scale)));
    zoom.y = Math.min(0, Math.max(zoom.y, height * (1 - zoom.scale)));
  } else zoom.y = 0;
  frame.classList.toggle("is-settling", isSettling);
  frame.classList.toggle("is-zoomed", zoom.scale > 1);
  const isPlain = zoom.scale === 1 && zoom.x === 0;
  frame.style.transform = isPlain ? "" : `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`;
  if (zoom.scale !== laidOutScale) requestAnimationFrame(layOut);
}

let laidOutScale = 1;
function layOut() {
  laidOutScale = zoom.scale;
  layOutFaces(zoom.scale);
}

function settle() {
  if (zoom.scale === 1) zoom.x = 0;
  place({ isSettling: true });
}

// Zoom to a scale, keeping the same point of the photo at a point on the screen.
function zoomAt(scale, clientX, clientY, options) {
  const stage = find(".viewer-stage").getBoundingClientRect();
  const bounded = Math.min(Math.max(scale, 1), MAX_SCALE);
  const [x, y] = [clientX - stage.left, clientY - stage.top];
  zoom.x = x - ((x - zoom.x) * bounded) / zoom.scale;
  zoom.y = y - ((y - zoom.y) * bounded) / zoom.scale;
  zoom.scale = bounded;
  if (bounded === 1) zoom.x = 0;
  place(options);
}

// ---- Fingers and mouse -------------------------------------------------------------------------

const fingers = new Map(); // positions by pointer id
let stroke = null; // of one finger: its start, and whether it has moved
let tapTimer = null;

function onDown(event) {
  const frame = event.target.closest(".photo-frame");
  if (!frame || event.button > 0) return;
  fingers.set(event.pointerId, event);
  const isLink = Boolean(event.target.closest("a"));
  stroke = { x: event.clientX, y: event.clientY, zoom: { ...zoom }, hasMoved: fingers.size > 1, isLink };
}

function onMove(event) {
  if (!fingers.has(event.pointerId)) return;
  const before = fingers.get(event.pointerId);
  fingers.set(event.pointerId, event);
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const distance = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    const scale = (zoom.scale * distance(event, other)) / distance(before, other);
    zoomAt(scale, (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    return;
  }
  const [dx, dy] = [event.clientX - stroke.x, event.clientY - stroke.y];
  if (!stroke.hasMoved && Math.hypot(dx, dy) < TAP_PX) return;
  if (!stroke.hasMoved) find(".photo-frame").setPointerCapture(event.pointerId);
  stroke.hasMoved = true;
  zoom.x = stroke.zoom.x + dx;
  if (zoom.scale > 1) zoom.y = stroke.zoom.y + dy;
  place();
}

function onUp(event) {
  if (!fingers.delete(event.pointerId) || fingers.size) return;
  const [dx, dy] = [event.clientX - stroke.x, event.clientY - stroke.y];
  if (!stroke.hasMoved) {
    if (!stroke.isLink) tap(event);
  } else if (zoom.scale === 1 && Math.abs(dx) > SWIPE_PX && Math.abs(dx) > 2 * Math.abs(dy)) {
    step(dx < 0 !== isRightToLeft ? "next" : "prev");
  } else settle();
}

function tap(event) {
  if (tapTimer) {
    clearTimeout(tapTimer); // this is the second tap
    tapTimer = null;
    zoomAt(zoom.scale > 1 ? 1 : TAP_SCALE, event.clientX, event.clientY, { isSettling: true });
    return;
  }
  tapTimer = setTimeout(() => {
    tapTimer = null;
    const isShown = document.documentElement.classList.contains("shows-faces");
    const face = isShown && event.pointerType === "touch" && faceNear(event.clientX, event.clientY);
    if (face) location.assign(face.href.baseVal);
    else toggleFaces();
  }, DOUBLE_TAP_MS);
}

document.addEventListener("pointerdown", onDown);
document.addEventListener("pointermove", onMove);
document.addEventListener("pointerup", onUp);
document.addEventListener("pointercancel", (event) => {
  if (fingers.delete(event.pointerId) && !fingers.size) settle(); // the page scrolls instead
});
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.(".photo-frame")) event.preventDefault();
});
document.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey || !event.target.closest(".photo-frame")) return; // a pinch on a touchpad
    event.preventDefault();
    zoomAt(zoom.scale * Math.exp(-event.deltaY / 100), event.clientX, event.clientY);
  },
  { passive: false },
);

// ---- Links and keys ----------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
  if (event.target.closest("[data-faces]")) toggleFaces();
  const link = event.target.closest(".viewer a[rel]");
  if (!link || !isPlain) return;
  event.preventDefault();
  if (link.rel === "up") leave();
  else step(link.rel);
});

// After leaving by keyboard, the tile of the last photo seen gets the focus (static/app.js).
let isByKeys = false;
document.addEventListener(
  "keydown",
  () => {
    isByKeys = true;
  },
  true,
);
document.addEventListener(
  "pointerdown",
  () => {
    isByKeys = false;
  },
  true,
);
window.addEventListener("pagehide", () => {
  if (isByKeys) sessionStorage.setItem("seen-photo", location.pathname.split("/").pop());
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog")) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowRight") step(isRightToLeft ? "prev" : "next");
  if (event.key === "ArrowLeft") step(isRightToLeft ? "next" : "prev");
  if (event.key === "f") toggleFaces();
  if (event.key === "Escape" && zoom.scale > 1) {
    zoom.scale = 1;
    settle();
  } else if (event.key === "Escape") leave();
});

window.addEventListener("resize", layOut);
document.fonts.ready.then(layOut); // a name is as wide as its letters
preloadNeighbours();
