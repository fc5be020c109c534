// The live wall: shows new photos first, then all of them in turn; survives lost connections.

import { keepAwake } from "./awake.js";

const SHOW_MS = 8000; // how long a photo is shown
const POLL_MS = 4000; // between polls for new photos
const MAX_WAIT_MS = 60000; // between attempts while the server does not answer
const IDLE_MS = 3000; // after this long without mouse movement, the pointer disappears
const LOST_AFTER = 2; // failures in a row before the screen says so

const wall = document.getElementById("wall");
const stage = wall.querySelector(".wall-photos");
const problem = wall.querySelector(".wall-problem");
const known = new Map(); // every photo by id, in order of arrival
const fresh = []; // not shown yet
let turn = []; // ids still to be shown in this round
let newest = 0;
let covering = null; // the number of what is covered on the photos
let failures = 0;
let round = 0; // of showNext: only the last one that was asked for shows its photo
let isPaused = false;
let [nextTimer, pollTimer, idleTimer] = [];

// ---- New photos ------------------------------------------------------------------------------

function say(text) {
  if (problem.textContent !== text) problem.textContent = text;
}

function take(photos) {
  const isFirst = known.size === 0; // the server's page already shows the newest one
  for (const photo of photos) {
    newest = Math.max(newest, photo.id);
    known.set(photo.id, photo);
    if (!isFirst || !stage.children.length) fresh.push(photo.id);
  }
  if (!photos.length || !isFirst) return;
  clearTimeout(nextTimer);
  if (stage.children.length) nextTimer = setTimeout(showNext, SHOW_MS);
  else showNext();
}

// Someone asked not to be shown, or again to be: every picture has another address, the present one as well.
function beginAnew() {
  known.clear();
  fresh.length = 0;
  turn = [];
  newest = 0;
  stage.replaceChildren();
}

async function poll() {
  let wait = POLL_MS;
  try {
    const answer = await fetch(`${wall.dataset.feed}?after=${newest}`, { cache: "no-store" });
    if (answer.redirected) return location.reload(); // a new guest link: its code has to be shown
    if (answer.status === 404) return say(problem.dataset.gone);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const photos = await answer.json();
    const isOther = covering !== null && covering !== answer.headers.get("X-Covering");
    covering = answer.headers.get("X-Covering");
    if (isOther) beginAnew();
    else take(photos);
    if (isOther) wait = 0;
    failures = 0;
    say("");
  } catch {
    failures += 1; // a restart, or bad wifi: keep showing the present photos
    if (failures >= LOST_AFTER) say(problem.dataset.lost);
    wait = Math.min(POLL_MS * failures, MAX_WAIT_MS);
  }
  clearTimeout(pollTimer);
  pollTimer = setTimeout(poll, wait);
  return undefined;
}
window.addEventListener("online", poll);

// ---- One photo after the other ---------------------------------------------------------------

function shuffled(ids) {
  const order = [...ids];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

function nextPhoto() {
  if (fresh.length) return known.get(fresh.shift());
  turn = turn.filter((id) => known.has(id));
  if (!turn.length) turn = shuffled(known.keys());
  return known.get(turn.shift());
}

// A clip without a sound, over its poster; where the browser can't play it, the poster stays.
function previewOf(photo) {
  const video = document.createElement("video");
  video.className = "wall-picture";
  Object.assign(video, { muted: true, loop: true, playsInline: true, autoplay: true, src: photo.clip });
  video.ariaHidden = "true";
  video.addEventListener("error", () => video.remove());
  return video;
}

function figureOf(photo) {
  const figure = document.createElement("figure");
  figure.className = "wall-photo";
  for (const [name, src] of [
    ["wall-backdrop", photo.backdrop],
    ["wall-picture", photo.src],
  ]) {
    const image = document.createElement("img");
    image.className = name;
    image.alt = name === "wall-picture" ? photo.words : "";
    image.src = src;
    figure.append(image);
  }
  if (photo.clip && !matchMedia("(prefers-reduced-motion: reduce)").matches) figure.append(previewOf(photo));
  if (photo.by) {
    const caption = document.createElement("figcaption");
    caption.textContent = photo.by;
    figure.append(caption);
  }
  return figure;
}

// Whether a photo was deleted; one delayed by a bad connection was not.
async function isGone(photo) {
  try {
    return (await fetch(photo.src, { method: "HEAD" })).status === 404;
  } catch {
    return false;
  }
}

// Resolves to the figure of the next photo once it is ready to show, or null if there is none.
async function loadNext() {
  const photo = nextPhoto();
  if (!photo) return null;
  const figure = figureOf(photo);
  try {
    await figure.querySelector(".wall-picture").decode();
    return figure;
  } catch {
    if (await isGone(photo)) known.delete(photo.id);
    return null;
  }
}

async function showNext() {
  clearTimeout(nextTimer);
  if (isPaused) return;
  round += 1;
  const mine = round;
  const figure = await loadNext();
  if (mine !== round || isPaused) return; // someone else asked meanwhile
  if (figure) {
    const old = [...stage.children];
    stage.append(figure);
    figure.getBoundingClientRect(); // so that its transition runs
    wall.classList.remove("is-empty");
    figure.classList.add("is-shown");
    for (const other of old) {
      other.classList.remove("is-shown");
      setTimeout(() => other.remove(), 1500);
    }
  }
  nextTimer = setTimeout(showNext, figure ? SHOW_MS : POLL_MS);
}

// ---- Keep the screen on, hide the pointer, F for full screen -----------------------------------

function wake() {
  wall.classList.remove("is-idle");
  clearTimeout(idleTimer);
  idleTimer = setTimeout(() => wall.classList.add("is-idle"), IDLE_MS);
}
for (const event of ["pointermove", "pointerdown", "keydown"]) document.addEventListener(event, wake);

// ---- Pause, to look longer or to stop the movement (WCAG 2.2.2) --------------------------------

const pauseButton = wall.querySelector("[data-pause]");
const ways = pauseButton.querySelectorAll("[data-way]"); // what the button does next: pause, or continue
function togglePause() {
  isPaused = !isPaused;
  for (const way of ways) way.hidden = (way.dataset.way === "continue") !== isPaused;
  wall.classList.toggle("is-paused", isPaused);
  for (const video of stage.querySelectorAll("video")) {
    if (isPaused) video.pause();
    else video.play().catch(() => {});
  }
  if (!isPaused) showNext();
}
pauseButton.addEventListener("click", togglePause);
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || event.target.closest("button, a")) return;
  event.preventDefault();
  togglePause();
});

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}
const button = wall.querySelector("[data-full-screen]");
if (document.fullscreenEnabled) {
  button.hidden = false;
  button.addEventListener("click", toggleFullScreen);
  document.addEventListener("keydown", (event) => {
    if (event.key === "f" && !event.ctrlKey && !event.metaKey) toggleFullScreen();
  });
}

keepAwake(true);
wake();
poll();
