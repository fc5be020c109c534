// Select several faces, people or photos by tapping, dragging or Shift-clicking; a bar shows how many are
// selected and what can be done with them. A form with data-select contains the checkboxes, each in an element with
// data-pick; without this script it is a plain form with plain checkboxes.

import { fill } from "./words.js";

const DRAG_PX = 8; // less is a shaky tap

export const boxesOf = (form) =>
  [...form.elements].filter((box) => box.type === "checkbox" && box.closest("[data-pick]"));
const pickAt = (x, y) => document.elementFromPoint(x, y)?.closest("[data-pick]");

export function showChosen(form) {
  const boxes = boxesOf(form);
  const chosenBoxes = boxes.filter((box) => box.checked);
  const chosen = chosenBoxes.length;
  const count = form.querySelector("[data-chosen]");
  if (count) {
    const sentence = fill(count.dataset.chosen, { number: chosen });
    if (count.textContent !== sentence) count.textContent = sentence;
  }
  for (const button of form.querySelectorAll("[data-for-chosen]")) {
    button.disabled = !chosenBoxes.some((box) => box.matches(button.dataset.forChosen || "*"));
  }
  for (const button of form.querySelectorAll("[data-choose-none]")) button.hidden = chosen === 0;
  for (const button of form.querySelectorAll("[data-choose-all]")) button.hidden = chosen === boxes.length;
  form.classList.toggle("has-chosen", chosen > 0);
  form.dispatchEvent(new Event("chosen"));
}

function choose(form, isChosen) {
  for (const box of boxesOf(form)) box.checked = isChosen;
  form.lastBox = null;
  showChosen(form);
}

function chooseRange(form, from, to, isChosen) {
  const boxes = boxesOf(form);
  const ends = [boxes.indexOf(from), boxes.indexOf(to)].sort((a, b) => a - b);
  if (ends[0] < 0) return; // one of them no longer exists
  for (const box of boxes.slice(ends[0], ends[1] + 1)) box.checked = isChosen;
}

// ---- Taps, Shift-clicks, the buttons of the bar ---------------------------------------------------

document.addEventListener("click", (event) => {
  const all = event.target.closest("[data-choose-all], [data-choose-none]");
  if (all) {
    choose(all.form, all.hasAttribute("data-choose-all"));
    return;
  }
  const box = event.target;
  const form = box.form;
  if (box.type !== "checkbox" || !form?.matches("[data-select]") || !box.closest("[data-pick]")) return;
  if (shiftIsDown && form.lastBox) chooseRange(form, form.lastBox, box, box.checked);
  form.lastBox = box;
  showChosen(form);
});

// A click on a label triggers a second one on its checkbox, without the state of Shift.
let shiftIsDown = false;
for (const kind of ["pointerdown", "keydown", "keyup"]) {
  document.addEventListener(
    kind,
    (event) => {
      shiftIsDown = event.shiftKey;
    },
    true,
  );
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("dialog")) return;
  for (const form of document.querySelectorAll("form[data-select]")) {
    const details = form.closest("details");
    if (details && !details.open) continue;
    if (boxesOf(form).some((box) => box.checked)) choose(form, false);
    else if (details) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  }
});

// ---- Dragging: the first one decides whether the others are selected or deselected ----------------
// A finger moving up or down scrolls (touch-action: pan-y); one that starts sideways selects.

let drag = null;

document.addEventListener("pointerdown", (event) => {
  const pick = event.target.closest("[data-pick]");
  const box = pick?.querySelector("input");
  if (!box?.form?.matches("[data-select]") || event.button !== 0 || !event.isPrimary) return;
  if (event.pointerType === "touch" && event.target.hasPointerCapture?.(event.pointerId)) {
    event.target.releasePointerCapture(event.pointerId);
  }
  drag = { form: box.form, first: box, isChosen: !box.checked, x: event.clientX, y: event.clientY, before: null };
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (!drag.before) {
    const [x, y] = [Math.abs(event.clientX - drag.x), Math.abs(event.clientY - drag.y)];
    if (Math.hypot(x, y) < DRAG_PX) return;
    if (event.pointerType === "touch" && y > x) {
      drag = null;
      return;
    }
    drag.before = new Map(boxesOf(drag.form).map((box) => [box, box.checked]));
  }
  const box = pickAt(event.clientX, event.clientY)?.querySelector("input");
  if (!box || box.form !== drag.form || box === drag.last) return;
  drag.last = box;
  for (const [other, wasChosen] of drag.before) other.checked = wasChosen; // undo those the finger has moved back over
  chooseRange(drag.form, drag.first, box, drag.isChosen);
  showChosen(drag.form);
});

// Begin where a finger rests that has just chosen the first one (static/select-photos.js).
export function beginDrag(box, { clientX: x, clientY: y }) {
  box.checked = true;
  const before = new Map(boxesOf(box.form).map((other) => [other, other.checked]));
  drag = { form: box.form, first: box, last: box, isChosen: true, x, y, before };
  showChosen(box.form);
}

function endDrag(event) {
  if (drag?.before && event.type === "pointerup") {
    drag.form.lastBox = drag.last ?? null;
    swallowNextClick();
  } else if (drag?.before) {
    // the browser decided to scroll
    for (const [box, wasChosen] of drag.before) box.checked = wasChosen;
    showChosen(drag.form);
  }
  drag = null;
}
document.addEventListener("pointerup", endDrag);
document.addEventListener("pointercancel", endDrag);

function swallowNextClick() {
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), 0);
}
document.addEventListener("dragstart", (event) => {
  if (event.target.closest("[data-pick]")) event.preventDefault();
});

// ---- Changes: going back restores ticks, htmx adds checkboxes, a mode is left ----------------------

const showAll = () => document.querySelectorAll("form[data-select]").forEach(showChosen);
document.addEventListener("htmx:afterSettle", showAll);
window.addEventListener("pageshow", showAll);
document.addEventListener(
  "toggle",
  (event) => {
    const form = event.target.querySelector?.("form[data-select]");
    if (form && !event.target.open) choose(form, false);
  },
  true,
);
showAll();
