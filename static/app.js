// The script of every page, which works without it; it adds copying, keys and swipes. Uploads: upload.js.
"use strict";

document.documentElement.classList.add("js");

const SWIPE_PX = 60; // a shorter stroke is a tap or a scroll

// ---- What htmx leaves open -------------------------------------------------------------------

// An alert goes when what failed works again, or when the next form was taken.
let failedPath = null;
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const path = detail.pathInfo.requestPath.split("?")[0];
  if (detail.failed) failedPath = path;
  else if (detail.successful && (path === failedPath || detail.requestConfig.verb !== "get")) {
    document.getElementById("alerts").replaceChildren();
    failedPath = null;
  }
});

// Who reads further down, with more pages loaded, keeps them; the first page is renewed otherwise.
document.addEventListener("htmx:beforeRequest", (event) => {
  const grid = event.target;
  if (grid.id !== "photo-grid") return;
  const isFurther = grid.dataset.loadedMore && grid.getBoundingClientRect().top < 0;
  const isSelecting = grid.querySelector(".pick :checked");
  if (isFurther || isSelecting) event.preventDefault();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "photo-grid") delete event.target.dataset.loadedMore;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const grid = event.target.closest("#photo-grid");
  if (grid && grid !== event.target) grid.dataset.loadedMore = "yes"; // one more page of it
});

// ---- Copy buttons ----------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    // navigator.clipboard exists on https and localhost only; a home network often has neither.
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else document.execCommand("copy");
    button.textContent = "Copied";
  });
}

// ---- Photo page: arrow keys and swipes follow the page's own links ---------------------------

function follow(rel) {
  const link = document.querySelector(`.photo-nav a[rel=${rel}]`);
  if (link) link.click();
}

const frame = document.querySelector(".photo-frame");
if (frame) {
  const keys = { ArrowLeft: "prev", ArrowRight: "next", Escape: "up" };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea");
    if (keys[event.key] && !isTyping && !event.altKey && !event.ctrlKey && !event.metaKey) {
      follow(keys[event.key]);
    }
  });
  let start = null;
  frame.addEventListener("touchstart", (event) => {
    start = event.touches.length === 1 ? event.touches[0] : null;
  }, { passive: true });
  frame.addEventListener("touchend", (event) => {
    const end = event.changedTouches[0];
    if (!start || window.visualViewport.scale > 1) return; // two fingers, or zoomed in
    const dx = end.clientX - start.clientX;
    const dy = end.clientY - start.clientY;
    if (Math.abs(dx) > SWIPE_PX && Math.abs(dx) > 2 * Math.abs(dy)) follow(dx < 0 ? "next" : "prev");
  }, { passive: true });
}
