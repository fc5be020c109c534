// How a photo lies on the stage: enlarged, moved within its edges, or at rest. Coordinates are pixels of the stage.

export const zoom = { scale: 1, x: 0, y: 0 };

const LEAST_MOST_SCALE = 6; // every photo can be enlarged this far
const TAP_SCALE = 2.5; // of a double tap, unless it takes more to fill the stage
const clamp = (value, least, most) => Math.max(least, Math.min(value, most));
const frameNow = () => document.querySelector(".viewer .photo-frame");
let onRest = () => {};

// Call a function whenever the photo has come to rest somewhere else.
export function whenAtRest(handler) {
  onRest = handler;
}

// Where the photo lies on the stage at scale 1, and how many of its pixels one pixel of the page holds; null while
// the stage has no size.
export function fitted(frame = frameNow()) {
  const { clientWidth, clientHeight } = frame;
  if (!clientWidth || !clientHeight) return null;
  const image = frame.querySelector("img");
  const [photoWidth, photoHeight] = ["width", "height"].map((side) => Number(image.getAttribute(side)));
  const unit = Math.max(photoWidth / clientWidth, photoHeight / clientHeight);
  const [width, height] = [photoWidth / unit, photoHeight / unit];
  const [left, top] = [(clientWidth - width) / 2, (clientHeight - height) / 2];
  return { unit, left, top, width, height, photoWidth, photoHeight, clientWidth, clientHeight };
}

// One pixel of the original for one of the page: three by three on the screen of a phone, so that letters can be read.
const mostScale = (box) => Math.max(LEAST_MOST_SCALE, box.unit);
const fillScale = (box) => Math.max(box.clientWidth / box.width, box.clientHeight / box.height);

// The edges of an enlarged photo stay outside of the stage; a side that is shorter than the stage is centred.
function withinEdges(offset, start, length, stage) {
  const [first, last] = [-start * zoom.scale, stage - (start + length) * zoom.scale];
  return last > first ? (first + last) / 2 : clamp(offset, last, first);
}

export function place({ isMoving = false } = {}) {
  const frame = frameNow();
  const box = fitted(frame);
  if (!box) return;
  zoom.scale = clamp(zoom.scale, 1, mostScale(box));
  zoom.x = zoom.scale > 1 ? withinEdges(zoom.x, box.left, box.width, box.clientWidth) : 0;
  zoom.y = zoom.scale > 1 ? withinEdges(zoom.y, box.top, box.height, box.clientHeight) : 0;
  frame.classList.toggle("is-moving", isMoving); // as its own layer it moves quickly, but blurred
  frame.classList.toggle("is-zoomed", zoom.scale > 1);
  frame.style.transform = zoom.scale > 1 ? `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` : "";
  if (!isMoving) onRest();
}

// Zoom to a scale, keeping the same point of the photo at a point on the screen.
export function zoomAt(scale, clientX, clientY, options) {
  const box = fitted();
  if (!box) return;
  const stage = document.querySelector(".viewer-stage").getBoundingClientRect();
  const bounded = clamp(scale, 1, mostScale(box));
  const [x, y] = [clientX - stage.left, clientY - stage.top];
  zoom.x = x - ((x - zoom.x) * bounded) / zoom.scale;
  zoom.y = y - ((y - zoom.y) * bounded) / zoom.scale;
  zoom.scale = bounded;
  place(options);
}

// A double tap enlarges the photo, or shows all of it again.
export function toggleZoom(clientX, clientY) {
  const box = fitted();
  if (!box) return;
  const frame = frameNow();
  frame.classList.add("is-settling");
  setTimeout(() => frame.classList.remove("is-settling"), 400);
  zoomAt(zoom.scale > 1 ? 1 : Math.max(TAP_SCALE, fillScale(box)), clientX, clientY);
}

export function resetZoom() {
  Object.assign(zoom, { scale: 1, x: 0, y: 0 });
  place();
}
