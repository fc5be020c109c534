// The scrubber at the edge of the list: a slider whose values are the photos of the album in their order. Moments
// (first, last, how many) tell when each was taken, near enough: within a moment they are spread evenly.

import { goToStart, tileInSight } from "./timeline.js";

const PAGE_STEP = 40; // photos, for the keys: as many as one page of the list
const LAST_ID = "9".repeat(18); // as in photoshare/web/pages/photo_grid.py
const grid = document.querySelector("[data-moments]");
const scrubber = document.querySelector(".scrubber");
const thumb = scrubber.querySelector(".scrubber-thumb");
const label = scrubber.querySelector(".scrubber-label");
const newestFirst = grid.dataset.order === "newest";

// The clocks of cameras have no zone: all times are taken as UTC here, and shown so.
const timeOf = (text) => Date.parse(`${text.slice(0, 23)}Z`);
let count = 0;
const moments = JSON.parse(grid.dataset.moments).map(([first, last, size]) => {
  count += size;
  return { from: count - size, size, first: timeOf(first), last: timeOf(last) };
});
const words = new Intl.DateTimeFormat(document.documentElement.lang, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
  timeZone: "UTC",
  numberingSystem: "latn",
});

function timeAt(index) {
  const moment = moments.findLast(({ from }) => from <= index);
  const part = (index - moment.from) / moment.size;
  return moment.first + (moment.last - moment.first) * part;
}

function indexAt(time) {
  const isBehind = ({ first }) => (newestFirst ? first >= time : first <= time);
  const moment = moments.findLast(isBehind) ?? moments[0];
  const span = moment.last - moment.first;
  const part = span ? Math.min(1, Math.max(0, (time - moment.first) / span)) : 0;
  return Math.min(count - 1, Math.round(moment.from + part * (moment.size - 1)));
}

const cursorAt = (time) => `${new Date(time).toISOString().replace(/[-:.Z]/g, "")}000-${newestFirst ? LAST_ID : 0}`;
const timeOfTile = (tile) => {
  const [, date, clock, rest] = tile.dataset.at.match(/^(\d{8})T(\d{6})(\d{3})/);
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return timeOf(`${day}T${clock.slice(0, 2)}:${clock.slice(2, 4)}:${clock.slice(4)}.${rest}`);
};

let index = 0;
function show(number) {
  index = Math.min(count - 1, Math.max(0, Math.round(number)));
  const way = scrubber.clientHeight - thumb.offsetHeight;
  const offset = count > 1 ? (way * index) / (count - 1) : 0;
  thumb.style.transform = `translateY(${offset}px)`;
  label.style.transform = `translateY(${offset + 4}px)`;
  const text = words.format(index === count - 1 ? moments.at(-1).last : timeAt(index));
  label.textContent = text;
  scrubber.setAttribute("aria-valuenow", String(index));
  scrubber.setAttribute("aria-valuetext", text);
}

async function go() {
  const address = new URL(grid.dataset.timeline, location.href);
  if (index > 0) address.searchParams.set("at", cursorAt(timeAt(index)));
  await htmx.ajax("GET", address.pathname + address.search, { source: scrubber, target: grid, swap: "innerHTML" });
  if (index > 0) goToStart();
  else window.scrollTo({ top: 0, behavior: "instant" });
}

// ---- A finger or the mouse -----------------------------------------------------------------------

let grip = null; // where on the thumb it is held
thumb.addEventListener("pointerdown", (event) => {
  if (event.button > 0) return;
  event.preventDefault();
  grip = event.clientY - thumb.getBoundingClientRect().top;
  thumb.setPointerCapture(event.pointerId);
  scrubber.classList.add("is-active");
});
thumb.addEventListener("pointermove", (event) => {
  if (grip === null) return;
  const way = scrubber.clientHeight - thumb.offsetHeight;
  show(((event.clientY - grip - scrubber.getBoundingClientRect().top) / way) * (count - 1));
});
for (const kind of ["pointerup", "pointercancel"]) {
  thumb.addEventListener(kind, () => {
    if (grip === null) return;
    grip = null;
    scrubber.classList.remove("is-active");
    if (kind === "pointerup") go();
    else follow();
  });
}

// ---- Keys: a line is a moment, a page is a page -----------------------------------------------------

const here = () => moments.findLastIndex(({ from }) => from <= index);
const STEPS = {
  ArrowDown: () => (moments[here() + 1] ?? moments.at(-1)).from,
  ArrowUp: () => moments[index > moments[here()].from ? here() : Math.max(0, here() - 1)].from,
  PageDown: () => index + PAGE_STEP,
  PageUp: () => index - PAGE_STEP,
  Home: () => 0,
  End: () => count - 1,
};
scrubber.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  show(step());
  go();
});

// ---- Scrolling moves the thumb ---------------------------------------------------------------------

function follow() {
  const tile = grip === null && tileInSight();
  if (tile && document.activeElement !== scrubber) show(window.scrollY < 1 ? 0 : indexAt(timeOfTile(tile)));
}
let isDue = false;
window.addEventListener("scroll", () => {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    follow();
  });
});
window.addEventListener("resize", () => show(index));
show(0);
follow();
