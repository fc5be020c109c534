// The page of one photo: steps without leaving the page, so that Back returns to the album. Its neighbours lie beside
// it and follow the finger.

import { prepareClip, previewClip } from "./clips.js";
import { faceNear, layOutFaces } from "./faces.js";
import { listen } from "./gestures.js";
import { isPlaying, markPlaying, pause, prepare, togglePlay } from "./slideshow.js";
import { dropTiles, refineSoon } from "./tiles.js";
import { place, resetZoom, whenAtRest, zoom } from "./zoom.js";

const GAP_PX = 24; // between a photo and its neighbours
const CLOSING_PX = 400; // downwards, after which the stage is no longer seen

const isRightToLeft = document.documentElement.dir === "rtl";
const find = (selector) => document.querySelector(`.viewer ${selector}`);
const linkTo = (rel) => find(`a[rel=${rel}]`);
const relOf = (direction) => (direction > 0 !== isRightToLeft ? "next" : "prev"); // 1: the photo to the right
const directionOf = (rel) => (relOf(1) === rel ? 1 : -1);
const isStill = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--calm")) === 0;

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

function layNeighboursBeside() {
  for (const rel of ["next", "prev"]) {
    const link = linkTo(rel);
    if (!link) continue;
    load(link.href).then(
      (page) => {
        const strip = find(".photo-strip");
        if (linkTo(rel)?.href !== link.href || strip.querySelector(`.is-${rel}`)) return;
        const neighbour = document.createElement("div");
        neighbour.className = `photo-neighbour is-${rel}`;
        neighbour.ariaHidden = "true";
        neighbour.append(document.importNode(page.querySelector(".photo-frame picture"), true));
        strip.append(neighbour);
      },
      () => {}, // stepping to it will show the error
    );
  }
}

let sliding = null; // the movement of the strip that is under way
let steps = Promise.resolve();
export function step(rel, options) {
  sliding?.finish(); // whoever steps on does not wait
  steps = steps.then(() => stepNow(rel, options));
  return steps;
}

async function stepNow(rel, { isFading = false } = {}) {
  const link = linkTo(rel);
  if (!link) return settle();
  try {
    const [page] = await Promise.all([load(link.href), isFading || slideTo(directionOf(rel))]);
    show(page, link.href, { picture: find(`.is-${rel} picture`), isFading });
  } catch {
    location.replace(link.href); // deleted meanwhile, or no connection: the browser shows it
  }
  return undefined;
}

function slideTo(direction) {
  const strip = find(".photo-strip");
  if (isStill()) return undefined;
  const offset = -direction * (strip.clientWidth + GAP_PX);
  const duration = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--calm"));
  sliding = strip.animate({ transform: `translate(${offset}px)` }, { duration, easing: "ease-out", fill: "forwards" });
  return sliding.finished;
}

// Show another photo's page in place of this one; `picture` is what was seen of it beside this one.
function show(page, address, { picture = null, isFading = false } = {}) {
  const old = document.querySelector(".viewer");
  const focused = old.contains(document.activeElement) && (document.activeElement.id || "to-next");
  const article = document.importNode(page.querySelector(".viewer"), true);
  article.classList.toggle("is-fading-in", isFading);
  if (picture) article.querySelector(".photo-frame picture").replaceWith(picture);
  sliding = null;
  old.replaceWith(article);
  htmx.process(article);
  document.title = page.title;
  history.replaceState(history.state, "", address);
  resetZoom();
  prepareClip(article);
  markFaces();
  markPlaying();
  watchStage();
  if (focused) (document.getElementById(focused) || linkTo("up")).focus({ preventScroll: true });
  document.getElementById("viewer-status").textContent = article.querySelector("h1").textContent;
  layNeighboursBeside();
}

// Leave like the back button, to the album's scroll position; by its link if we did not come from it.
function leave() {
  const up = linkTo("up").href;
  const cameFrom = document.referrer && new URL(document.referrer);
  if (cameFrom && cameFrom.pathname === new URL(up).pathname && history.length > 1) history.back();
  else location.assign(up);
}

// ---- Faces: outlines on a tap, and the mode in which they are corrected ---------------------------

function markFaces() {
  const isShown = document.documentElement.classList.contains("shows-faces");
  find("[data-faces]")?.setAttribute("aria-pressed", String(isShown));
}

function toggleFaces() {
  if (!find("[data-faces]")) return;
  document.documentElement.classList.toggle("shows-faces");
  markFaces();
}

// The mode has an address of its own, so that it works without this script; it is one page all the same.
async function switchMode({ href }) {
  try {
    show(await load(href), href);
  } catch {
    location.assign(href);
  }
}

// ---- The strip: this photo between its neighbours ---------------------------------------------------

function drag(dx, dy) {
  const strip = find(".photo-strip");
  strip.classList.remove("is-settling");
  strip.classList.toggle("is-moving", Boolean(dx || dy));
  strip.classList.toggle("is-pulled", dy > 0);
  const pulled = Math.min(1, dy / CLOSING_PX);
  strip.style.transform = dx || dy ? `translate(${dx}px, ${dy}px) scale(${1 - pulled / 2})` : "";
  document.querySelector(".viewer").style.setProperty("--pulled", pulled);
}

function settle() {
  const strip = find(".photo-strip");
  drag(0, 0);
  strip.classList.add("is-settling");
}

let laidOutScale = 1;
function layOut() {
  laidOutScale = zoom.scale;
  layOutFaces(zoom.scale);
}

// Before the stage is drawn in another size; called for every photo, since its stage is a new one.
const stageSize = new ResizeObserver(() => {
  place();
  layOut();
  dropTiles();
});
function watchStage() {
  stageSize.disconnect();
  stageSize.observe(find(".viewer-stage"));
}

whenAtRest(() => {
  if (zoom.scale !== laidOutScale) requestAnimationFrame(layOut);
  refineSoon();
});

listen({
  begin: () => sliding?.finish(),
  drag,
  settle,
  close: leave,
  step: (direction) => step(relOf(direction)),
  hasNeighbour: (direction) => Boolean(linkTo(relOf(direction))),
  tap(event) {
    if (isPlaying()) return pause();
    const isShown = document.documentElement.classList.contains("shows-faces") || find(".is-fixing");
    const face = isShown && event.pointerType === "touch" && faceNear(event.clientX, event.clientY);
    if (face) return location.assign(face.href.baseVal);
    return toggleFaces();
  },
});

// ---- Links and keys ----------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
  if (event.target.closest("[data-faces]")) toggleFaces();
  const link = event.target.closest(".viewer a:is([rel], [data-mode])");
  if (!link || !isPlain) return;
  event.preventDefault();
  if (link.rel === "up") leave();
  else if (link.rel) step(link.rel);
  else switchMode(link);
});

// After leaving by keyboard, the tile of the last photo seen gets the focus (static/app.js).
let isByKeys = false;
for (const [kind, value] of [
  ["keydown", true],
  ["pointerdown", false],
]) {
  document.addEventListener(
    kind,
    () => {
      isByKeys = value;
    },
    true,
  );
}
window.addEventListener("pagehide", () => {
  if (isByKeys) sessionStorage.setItem("seen-photo", location.pathname.split("/").pop());
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog, video")) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowRight") step(relOf(1));
  if (event.key === "ArrowLeft") step(relOf(-1));
  if (event.key === "f") toggleFaces();
  if (event.key === " " && !event.target.closest("button, a, summary")) {
    event.preventDefault();
    togglePlay();
  }
  if (event.key !== "Escape") return;
  if (isPlaying()) pause();
  else if (zoom.scale > 1) resetZoom();
  else leave();
});

// ---- Start ---------------------------------------------------------------------------------------

prepare(async () => {
  const { first } = document.querySelector(".viewer").dataset;
  if (linkTo("next")) return step("next", { isFading: true });
  if (!linkTo("prev")) return undefined; // the only photo of its album
  try {
    show(await load(first), first, { isFading: true });
  } catch {
    pause(); // no connection, or deleted meanwhile: the photo stays
  }
  return undefined;
}, previewClip);
document.fonts.ready.then(layOut); // a name is as wide as its letters
window.addEventListener("pageshow", settle); // coming back to a photo that was pulled down
markFaces();
watchStage();
layNeighboursBeside();
