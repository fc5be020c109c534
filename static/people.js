// People: keys that answer "Same person?", names of albums, and faces that appear while a room is searched.

// ---- y, n and l, only while the question has the focus (WCAG 2.1.4) ------------------------------

document.addEventListener("keydown", (event) => {
  const pair = event.target.closest?.("#pair");
  if (!pair || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  // A keyboard of another script has no y; the key in its position counts.
  const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace("Key", "").toLowerCase();
  const button = [...pair.querySelectorAll("[data-key]")].find((one) => one.dataset.key === letter);
  if (button) button.click();
});

const focusPair = () => document.getElementById("pair")?.focus({ preventScroll: true });
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "pair") focusPair();
});
focusPair();

// ---- The name of an album: tapped to change it, and closed again when it is saved ------------------

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.matches?.(".rename[open]")) target.querySelector("#person-name")?.focus();
  },
  true,
);
function closeName(details) {
  details.open = false;
  details.querySelector("summary").focus();
}
document.addEventListener("htmx:afterSettle", () => {
  const form = document.querySelector(".rename[open] .name-form"); // not the question about a namesake
  if (!form?.dataset.saved) return;
  delete form.dataset.saved; // opened again, it stays open
  closeName(form.closest("details"));
});
document.addEventListener("keydown", (event) => {
  const details = event.target.closest?.(".rename[open]");
  if (details && event.key === "Escape") closeName(details);
});

// ---- New people in the grid ------------------------------------------------------------------

let peopleBefore = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "people-grid" || event.detail.requestConfig.elt !== event.target) return; // not of a search
  peopleBefore = new Set([...event.target.querySelectorAll("[data-person]")].map((card) => card.dataset.person));
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (!peopleBefore || event.target.id !== "people-grid") return;
  for (const card of event.target.querySelectorAll("[data-person]")) {
    card.classList.toggle("is-new", !peopleBefore.has(card.dataset.person));
  }
  peopleBefore = null;
});
