// Outlines of faces and their names: the same size on the screen at any zoom, and no name covers a name or a face.

const FONT_PX = 13.5;
const GAP_PX = 3; // between an outline and its name
const REACH_PX = 22; // how far a finger may miss a face: half the size of a tap target
const STROKE = { least: 1.25, most: 2.5, share: 1 / 12 }; // pixels; the share is of the side of a face
const MOST_OF_FACE = 1 / 3; // of its shorter side: an outline never covers the face of a tiny picture

const touches = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const clamp = (value, least, most) => Math.max(least, Math.min(value, most));

// Lay everything out for a zoom level: names of larger faces take precedence.
export function layOutFaces(scale = 1) {
  const layer = document.querySelector(".faces");
  if (!layer) return;
  const picture = layer.viewBox.baseVal;
  const { clientWidth, clientHeight } = layer.parentElement;
  if (!clientWidth || !clientHeight) return; // for a moment, while the window is resized
  const unit = Math.max(picture.width / clientWidth, picture.height / clientHeight) / scale; // one screen pixel
  layer.style.fontSize = `${FONT_PX * unit}px`;
  layer.classList.add("is-laid-out");
  const faces = [...layer.querySelectorAll("a")].map((link) => outline(link, picture, unit));
  const names = faces.filter((face) => face.text).sort((a, b) => b.right - b.left - (a.right - a.left));
  for (const face of names) face.size = face.text.getBBox(); // read all before moving any
  const taken = [];
  for (const face of names) {
    const place = placesFor(face, picture, unit).find(
      (one) =>
        one.top >= 0 &&
        one.bottom <= picture.height &&
        !taken.some((other) => touches(one, other)) &&
        !faces.some((other) => other !== face && touches(one, other)),
    );
    face.text.classList.toggle("is-crowded", !place);
    if (place) taken.push(place);
    moveName(face, place || placesFor(face, picture, unit)[0], picture);
  }
}

// Draw an outline around a face, within the picture; return its outer edges.
function outline(link, picture, unit) {
  const rect = link.querySelector("rect");
  const [left, top, right, bottom] = rect.dataset.box.split(" ").map(Number);
  const wanted = unit * clamp(((right - left) / unit) * STROKE.share, STROKE.least, STROKE.most);
  const stroke = Math.min(wanted, Math.min(right - left, bottom - top) * MOST_OF_FACE);
  const edges = {
    left: Math.max(0, left - stroke),
    top: Math.max(0, top - stroke),
    right: Math.min(picture.width, right + stroke),
    bottom: Math.min(picture.height, bottom + stroke),
  };
  rect.style.strokeWidth = stroke;
  rect.setAttribute("x", edges.left + stroke / 2);
  rect.setAttribute("y", edges.top + stroke / 2);
  rect.setAttribute("width", edges.right - edges.left - stroke);
  rect.setAttribute("height", edges.bottom - edges.top - stroke);
  return { ...edges, text: link.querySelector("text") };
}

// Below the face, otherwise above it.
function placesFor(face, picture, unit) {
  const halo = face.size.height / 5;
  const [width, height] = [face.size.width + 2 * halo, face.size.height];
  const left = clamp((face.left + face.right - width) / 2, 0, picture.width - width);
  return [face.bottom + GAP_PX * unit, face.top - GAP_PX * unit - height].map((top) => ({
    left,
    top,
    right: left + width,
    bottom: top + height,
    halo,
  }));
}

function moveName({ text, size }, place, picture) {
  const top = clamp(place.top, 0, picture.height - size.height);
  text.setAttribute("x", Number(text.getAttribute("x")) + place.left + place.halo - size.x);
  text.setAttribute("y", Number(text.getAttribute("y")) + top - size.y);
}

// The link of the face nearest to a point on the screen, or null if none is within a finger's reach.
export function faceNear(x, y) {
  let [nearest, least] = [null, REACH_PX];
  for (const rect of document.querySelectorAll(".faces rect")) {
    const { left, top, right, bottom } = rect.getBoundingClientRect();
    const distance = Math.hypot(x - clamp(x, left, right), y - clamp(y, top, bottom));
    if (distance < least) [nearest, least] = [rect.closest("a"), distance];
  }
  return nearest;
}

// A person hovered or focused in the list is highlighted in the picture.
function pointOut(event) {
  const face = event.target.closest?.(".face-strip [data-face]")?.dataset.face;
  const layer = document.querySelector(".faces");
  if (!layer) return;
  layer.classList.toggle("is-pointing", Boolean(face));
  for (const link of layer.querySelectorAll("a")) link.classList.toggle("is-told", link.dataset.face === face);
}

document.addEventListener("pointerover", pointOut);
document.addEventListener("focusin", pointOut);
