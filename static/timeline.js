// The grid of an album: loads the pages in front of and behind those that are there, and keeps the place where a
// guest is, so that coming back from a photo lands there at any depth.

const SETTLE_MS = 150; // without a scroll: browsers allow only some ten changes of the address in a second
const grid = document.querySelector("[data-timeline]");
const ownAddress = new URL(grid.dataset.timeline, location.href);
const isOwnPage = ownAddress.pathname === location.pathname; // without-faces has an old address of its own
const header = document.querySelector(".site-header");

// ---- Pages: the next one is requested while a screenful is still between it and the window -------

const nearEnd = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) htmx.trigger(entry.target, "near");
  },
  { rootMargin: "100% 0px" },
);
// Looks anew: what was near before htmx listened has been asked for by nobody.
function watchEnds() {
  for (const more of grid.querySelectorAll(":scope > .more")) {
    nearEnd.unobserve(more);
    nearEnd.observe(more);
  }
}

// ---- The place: the first tile of the uppermost row in sight, and where its top is --------------

const topOfView = () => Math.max(0, header.getBoundingClientRect().bottom);

export function tileInSight() {
  const tiles = [...grid.querySelectorAll(".cell")];
  let [from, to] = [0, tiles.length];
  while (from < to) {
    const middle = (from + to) >> 1; // tops never decrease from tile to tile
    if (tiles[middle].getBoundingClientRect().bottom > topOfView()) to = middle;
    else from = middle + 1;
  }
  return tiles[from] ?? null;
}

const topOf = (tile) => tile.getBoundingClientRect().top;

function moveTo(tile, top) {
  window.scrollBy({ top: topOf(tile) - top, behavior: "instant" });
}

// A page that arrives above what is in sight moves nothing.
let kept = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const tile = detail.target.matches(".more.is-before") ? tileInSight() : null;
  kept = tile && { tile, top: topOf(tile) };
});
document.addEventListener("htmx:afterSwap", () => {
  if (kept?.tile.isConnected) moveTo(kept.tile, kept.top);
  kept = null;
});

// ---- Coming back: the address names the place, so that the server begins there ------------------

function addressOf(tile) {
  const address = new URL(location.href);
  for (const name of ["after", "before", "at", "day"]) address.searchParams.delete(name);
  const isFirstPage = !grid.querySelector(":scope > .is-before") && tile?.closest(".photo-page:first-child");
  if (tile && !isFirstPage) address.searchParams.set("at", tile.dataset.at);
  return address;
}

function remember() {
  const tile = tileInSight();
  const place = tile ? { at: tile.dataset.at, top: topOf(tile) } : null;
  history.replaceState({ ...history.state, place }, "", addressOf(tile));
}

function goBackTo(place) {
  const tile = grid.querySelector(`[data-at="${CSS.escape(place.at)}"]`) ?? grid.querySelector(".cell");
  if (tile) moveTo(tile, place.top);
}

// Where an address begins in the middle of an album, the page does as well.
export function goToStart() {
  const first = grid.querySelector(":scope > .is-before") && grid.querySelector(".moment-head");
  if (first) window.scrollBy({ top: first.getBoundingClientRect().top - topOfView(), behavior: "instant" });
}

let timer;
if (isOwnPage) {
  history.scrollRestoration = "manual";
  if (history.state?.place) goBackTo(history.state.place);
  else goToStart();
  window.addEventListener("scroll", () => {
    clearTimeout(timer);
    timer = setTimeout(remember, SETTLE_MS);
  });
  document.addEventListener("click", remember, { capture: true }); // it may lead away at once
}
document.addEventListener("htmx:load", watchEnds); // of new pages, and once when htmx begins
watchEnds();
