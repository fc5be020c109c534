// Selecting photos in a grid: by a long press, by day, across pages that come and go; and the question before many
// are deleted. static/select.js does what is the same for photos, people and faces.

import { beginDrag, boxesOf, showChosen } from "./select.js";

const HOLD_MS = 450; // as Android and iOS wait
const SHAKY_PX = 10; // a finger that moves more scrolls
const form = document.getElementById("selection");
const selection = form.closest("details");
const grid = document.getElementById("photo-grid");
const boxIn = (cell) => cell.querySelector(".pick input");

// ---- A long press on a photo begins a selection; moving on selects all on the way ------------------

let press = null;
let isHeld = false;

function hold({ cell, x, y }) {
  isHeld = true;
  selection.open = true;
  beginDrag(boxIn(cell), { clientX: x, clientY: y });
  navigator.vibrate?.(15);
}

function letGo() {
  clearTimeout(press?.timer);
  press = null;
}

grid.addEventListener("pointerdown", (event) => {
  const cell = event.target.closest(".tile")?.closest(".cell");
  if (!cell || event.pointerType !== "touch" || !event.isPrimary) return;
  press = { cell, x: event.clientX, y: event.clientY };
  press.timer = setTimeout(hold, HOLD_MS, press);
});
document.addEventListener("pointermove", (event) => {
  if (press && !isHeld && Math.hypot(event.clientX - press.x, event.clientY - press.y) > SHAKY_PX) letGo();
});
for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => {
    letGo();
    isHeld = false;
  });
}
grid.addEventListener("contextmenu", (event) => {
  if (press || isHeld) event.preventDefault(); // of a finger, not of a mouse
});
document.addEventListener(
  "touchmove",
  (event) => {
    if (isHeld) event.preventDefault(); // it selects, and does not scroll
  },
  { passive: false },
);

// ---- Chosen photos whose tiles are not there have a box in the form itself ------------------------

const stored = () => [...form.querySelectorAll("[data-stored] input")];

function store(id, isDeletable) {
  const pick = document.createElement("span");
  pick.hidden = true;
  Object.assign(pick.dataset, { pick: "", stored: "" });
  const box = Object.assign(document.createElement("input"), {
    type: "checkbox",
    name: "photos",
    value: id,
    checked: true,
  });
  if (isDeletable) box.dataset.deletable = "";
  pick.append(box);
  form.append(pick);
}

const boxOf = (id) => grid.querySelector(`.pick input[value="${id}"]`);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target !== grid) return; // all of its tiles go
  for (const box of grid.querySelectorAll(".pick :checked")) store(box.value, "deletable" in box.dataset);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const box of stored()) {
    const tile = boxOf(box.value);
    if (!tile) continue;
    tile.checked = box.checked;
    box.closest("[data-stored]").remove();
  }
  showChosen(form);
});
form.addEventListener("chosen", () => {
  for (const box of stored()) if (!box.checked) box.closest("[data-stored]").remove();
  showDays();
});

// ---- A day ------------------------------------------------------------------------------------------

const chosenIds = () => new Set(boxesOf(form).flatMap((box) => (box.checked ? [box.value] : [])));
const idsOfDay = new Map(); // those that were asked for, by day

function tilesOfDay(day) {
  const digits = day.replaceAll("-", "");
  return [...grid.querySelectorAll(`.cell[data-at^="${digits}"]`)].map(boxIn);
}

function isDayChosen(button, chosen) {
  const ids = idsOfDay.get(button.dataset.selectDay) ?? tilesOfDay(button.dataset.selectDay).map(({ value }) => value);
  return ids.length >= Number(button.dataset.count) && ids.every((id) => chosen.has(id));
}

function showDays() {
  const chosen = selection.open ? chosenIds() : new Set();
  for (const button of grid.querySelectorAll("[data-select-day]")) {
    button.setAttribute("aria-pressed", String(chosen.size > 0 && isDayChosen(button, chosen)));
  }
}

async function chooseDay(button) {
  const { selectDay: day, count } = button.dataset;
  const isChosen = button.getAttribute("aria-pressed") !== "true";
  selection.open = true;
  let photos = tilesOfDay(day).map((box) => [box.value, "deletable" in box.dataset]);
  if (photos.length < Number(count)) {
    const address = new URL(form.dataset.ids, location.href);
    address.searchParams.set("day", day);
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    photos = (await answer.json()).map(([id, isDeletable]) => [String(id), isDeletable]);
    const ids = photos.map(([id]) => id);
    idsOfDay.set(day, ids);
  }
  const known = new Map(boxesOf(form).map((box) => [box.value, box]));
  for (const [id, isDeletable] of photos) {
    if (known.has(id)) known.get(id).checked = isChosen;
    else if (isChosen) store(id, isDeletable);
  }
  showChosen(form);
}

grid.addEventListener("click", (event) => {
  const button = event.target.closest("[data-select-day]");
  if (button) chooseDay(button);
});

// ---- The question before photos are deleted -------------------------------------------------------

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (!button) return;
  event.preventDefault();
  const dialog = document.getElementById(button.dataset.ask);
  dialog.querySelector("[data-ask-count]").textContent = form.querySelector("[data-chosen]").textContent;
  dialog.showModal();
});
selection.querySelector("[data-keep]").addEventListener("click", (event) => event.target.closest("dialog").close());
