// A slideshow: one photo after the other by itself, until someone pauses it.

import { keepAwake } from "./awake.js";

const SHOW_MS = 5000; // how long a photo is shown once it is there
const root = document.documentElement;
let timer = null;
let showNext = async () => {};
let begin = () => 0;

export const isPlaying = () => root.classList.contains("is-playing");

// Show on the button whether it plays; after every step, since the button is a new one.
export function markPlaying() {
  for (const button of document.querySelectorAll("[data-play]")) {
    button.setAttribute("aria-pressed", String(isPlaying()));
    button.querySelector(".viewer-label").textContent = isPlaying() ? button.dataset.pause : button.dataset.play;
  }
}

function showNextLater() {
  clearTimeout(timer);
  const longer = document.hidden ? 0 : begin();
  timer = setTimeout(
    async () => {
      if (!document.hidden) await showNext();
      if (isPlaying()) showNextLater();
    },
    Math.max(SHOW_MS, longer),
  );
}

export function play() {
  root.classList.add("is-playing");
  markPlaying();
  keepAwake(true);
  showNextLater();
}

export function pause() {
  if (!isPlaying()) return;
  clearTimeout(timer);
  root.classList.remove("is-playing");
  markPlaying();
  keepAwake(false);
  if (document.fullscreenElement) document.exitFullscreen();
}

export function togglePlay() {
  if (isPlaying()) return pause();
  root.requestFullscreen?.().catch(() => {}); // refused: it plays within the window
  return play();
}

// Called once, with the function that steps to the next photo, and the one that begins what moves on this one and
// tells how many milliseconds it takes. An album's link ends in #slideshow.
export function prepare(next, beginMoving) {
  showNext = next;
  begin = beginMoving;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-play]")) togglePlay();
  });
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) pause();
  });
  if (window.location.hash !== "#slideshow") return;
  history.replaceState(history.state, "", window.location.pathname + window.location.search);
  play();
}
