// Fingers and mouse on a photo: sideways to its neighbours, down to close, two fingers to zoom, taps.

import { place, toggleZoom, zoom, zoomAt } from "./zoom.js";

const TAP_PX = 10; // a finger that moves less has not moved
const SWIPE_PX = 60; // a movement this long is meant, however slow
const FLICK = { px: 25, pxPerMs: 0.4 }; // and so is a short one that is quick
const CLOSE_PX = 110; // downwards
const END_SHARE = 0.3; // of a movement towards a neighbour that does not exist
const DOUBLE_TAP_MS = 280;

const fingers = new Map(); // positions by pointer id
let stroke = null; // of one finger: its start, and which way it goes: "tap", "pan", "across", "down", "pinch"
let tapTimer = null;

const distance = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
const isAtTop = () => window.scrollY <= 0;

function strokeFrom({ clientX: x, clientY: y, timeStamp }, way, isLink = false) {
  return { x, y, startedAt: timeStamp, zoom: { ...zoom }, way, isLink };
}

function wayOf(dx, dy, pointerType) {
  if (zoom.scale > 1) return "pan";
  if (Math.abs(dx) > Math.abs(dy)) return "across";
  return dy > 0 && isAtTop() && pointerType !== "mouse" ? "down" : "scroll";
}

function pinch(event, before) {
  const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
  const scale = (zoom.scale * distance(event, other)) / distance(before, other);
  zoomAt(scale, (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2, { isMoving: true });
}

// Listen on the document, since every step replaces the photo. The viewer says what the gestures do:
// drag(dx, dy), settle(), step(direction: 1 is to the left), close(), tap(event), hasNeighbour(direction), begin().
export function listen(viewer) {
  function onDown(event) {
    const frame = event.target.closest(".photo-frame");
    if (!frame || event.button > 0 || event.target.closest("video, .clip-play, .clip-problem")) return;
    viewer.begin();
    fingers.set(event.pointerId, event);
    stroke = strokeFrom(event, fingers.size > 1 ? "pinch" : "tap", Boolean(event.target.closest("a")));
    if (fingers.size > 1) viewer.drag(0, 0);
  }

  function onMove(event) {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.get(event.pointerId);
    fingers.set(event.pointerId, event);
    if (fingers.size === 2) return pinch(event, before);
    const [dx, dy] = [event.clientX - stroke.x, event.clientY - stroke.y];
    if (stroke.way === "tap") {
      if (Math.hypot(dx, dy) < TAP_PX) return undefined;
      event.target.closest(".photo-frame")?.setPointerCapture(event.pointerId);
      stroke.way = wayOf(dx, dy, event.pointerType);
    }
    if (stroke.way === "across") viewer.drag(viewer.hasNeighbour(-Math.sign(dx)) ? dx : dx * END_SHARE, 0);
    else if (stroke.way === "down") viewer.drag(dx, Math.max(0, dy));
    else if (stroke.way === "pan") {
      zoom.x = stroke.zoom.x + dx;
      zoom.y = stroke.zoom.y + dy;
      place({ isMoving: true });
    }
    return undefined;
  }

  function onUp(event) {
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size) {
      stroke = strokeFrom([...fingers.values()][0], "pan"); // the other finger goes on from where it is
      return;
    }
    const [dx, dy] = [event.clientX - stroke.x, event.clientY - stroke.y];
    const speed = Math.hypot(dx, dy) / Math.max(1, event.timeStamp - stroke.startedAt);
    const isMeant = (length, px) => length > px || (length > FLICK.px && speed > FLICK.pxPerMs);
    if (stroke.way === "tap") {
      if (!stroke.isLink) onTap(event);
    } else if (stroke.way === "across" && isMeant(Math.abs(dx), SWIPE_PX)) viewer.step(-Math.sign(dx));
    else if (stroke.way === "down" && isMeant(dy, CLOSE_PX)) viewer.close();
    else if (stroke.way === "pan" || stroke.way === "pinch") place();
    else viewer.settle();
  }

  function onTap(event) {
    if (tapTimer) {
      clearTimeout(tapTimer); // this is the second tap
      tapTimer = null;
      toggleZoom(event.clientX, event.clientY);
      return;
    }
    tapTimer = setTimeout(() => {
      tapTimer = null;
      viewer.tap(event);
    }, DOUBLE_TAP_MS);
  }

  document.addEventListener("pointerdown", onDown);
  document.addEventListener("pointermove", onMove);
  document.addEventListener("pointerup", onUp);
  document.addEventListener("pointercancel", (event) => {
    if (!fingers.delete(event.pointerId) || fingers.size) return;
    place();
    viewer.settle(); // the page scrolls instead
  });
}

// A finger that goes down closes the photo; the browser would scroll, or load the page again.
document.addEventListener(
  "touchmove",
  (event) => {
    if (!stroke || event.touches.length > 1 || !event.target.closest?.(".photo-frame") || !event.cancelable) return;
    const [{ clientX, clientY }] = event.touches;
    const [dx, dy] = [clientX - stroke.x, clientY - stroke.y];
    if (stroke.way === "down" || (stroke.way === "tap" && wayOf(dx, dy, "touch") === "down")) event.preventDefault();
  },
  { passive: false },
);
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
