// More pixels for who looks closely: the largest picture, then tiles of the original, only for what is in view.

import { fitted, zoom } from "./zoom.js";

const REST_MS = 120; // a finger that pauses is not done yet
const RETRY_MS = 1000; // while the server cuts tiles of another photo
const RETRIES = 15;
const BLUR = 1.3; // this much larger than its pixels, a picture still looks sharp
const MOST_TILES = 60; // a large screen shows fewer than thirty; more would be a mistake
const LARGEST_PX = 2000; // longer side of the largest picture below the tiles: encoding.VIEW_PX

const cut = new Map(); // by address: the promise whether the tiles of a reduction are there
let timer = null;

// Ask for one tile: the server cuts all of its reduction, and answers 503 while it cuts those of another photo.
function whenCut(address, retries = RETRIES) {
  return fetch(address).then(
    async (answer) => {
      if (answer.status !== 503 || !retries) return answer.ok;
      await new Promise((resolve) => {
        setTimeout(resolve, RETRY_MS);
      });
      return whenCut(address, retries - 1);
    },
    () => false, // no connection: the photo stays as sharp as it is
  );
}

function areCut(base, factor, address) {
  const key = `${base}/${factor}`;
  if (!cut.has(key)) {
    const answer = whenCut(address);
    cut.set(key, answer);
    answer.then((isThere) => isThere || cut.delete(key));
  }
  return cut.get(key);
}

function useLargestPicture(frame) {
  for (const source of frame.querySelectorAll("picture > *")) source.sizes = "9999px";
}

// The tiles that cover what is in view: columns and rows, each from the first to the last.
function inView(box, side) {
  const range = (offset, start, stage, length) => {
    const first = Math.floor(((-offset / zoom.scale - start) * box.unit) / side);
    const last = Math.floor((((stage - offset) / zoom.scale - start) * box.unit) / side);
    return [Math.max(0, first), Math.min(last, Math.ceil(length / side) - 1)];
  };
  return [
    range(zoom.x, box.left, box.clientWidth, box.photoWidth),
    range(zoom.y, box.top, box.clientHeight, box.photoHeight),
  ];
}

function addTile(layer, box, side, column, row, address) {
  if ([...layer.children].some((tile) => tile.dataset.address === address)) return;
  const tile = new Image();
  const [x, y] = [column * side, row * side];
  tile.dataset.address = address;
  tile.alt = "";
  tile.draggable = false;
  tile.style.left = `${box.left + x / box.unit}px`;
  tile.style.top = `${box.top + y / box.unit}px`;
  tile.style.width = `${Math.min(side, box.photoWidth - x) / box.unit}px`;
  tile.style.height = `${Math.min(side, box.photoHeight - y) / box.unit}px`;
  tile.src = address;
  layer.append(tile);
}

async function refine() {
  const frame = document.querySelector(".viewer .photo-frame");
  const box = fitted(frame);
  if (zoom.scale === 1 || !box) return;
  useLargestPicture(frame);
  const { tiles: base, tilePx, factors, covering } = frame.dataset;
  const finest = (zoom.scale * devicePixelRatio) / box.unit; // pixels of the screen for one of the original
  if (!base || finest < (BLUR * LARGEST_PX) / Math.max(box.photoWidth, box.photoHeight)) return;
  const factor = Math.max(
    1,
    ...factors
      .split(" ")
      .map(Number)
      .filter((one) => one * finest <= BLUR),
  );
  const side = factor * Number(tilePx);
  const [columns, rows] = inView(box, side);
  const count = (columns[1] - columns[0] + 1) * (rows[1] - rows[0] + 1);
  if (count < 1 || count > MOST_TILES) return;
  const query = covering ? `?c=${covering}` : "";
  const addressOf = (column, row) => `${base}/${factor}/${column}-${row}.webp${query}`;
  const view = JSON.stringify(zoom);
  const areThere = await areCut(base, factor, addressOf(columns[0], rows[0]));
  if (!areThere || !frame.isConnected || view !== JSON.stringify(zoom)) return;
  const layer = frame.querySelector(".photo-tiles");
  for (const old of layer.querySelectorAll(`img:not([data-address^="${base}/${factor}/"])`)) old.remove();
  for (let row = rows[0]; row <= rows[1]; row += 1)
    for (let column = columns[0]; column <= columns[1]; column += 1)
      addTile(layer, box, side, column, row, addressOf(column, row));
}

// Bring more pixels soon, if they are needed where the photo is now.
export function refineSoon() {
  clearTimeout(timer);
  timer = setTimeout(refine, REST_MS);
}

// The stage has another size: where the tiles lie is no longer right.
export function dropTiles() {
  document.querySelector(".viewer .photo-tiles")?.replaceChildren();
  refineSoon();
}
