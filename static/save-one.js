// On an iPhone or iPad a download ends in "Files", where nobody looks for a photo: offer the share sheet instead, with
// "Save Image". Loaded only there (static/app.js).

import { canSave, fetchFile } from "./save-photos.js";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[download][href*='/photos/']");
  if (!link || !canSave || event.defaultPrevented) return;
  event.preventDefault();
  link.setAttribute("aria-busy", "true");
  try {
    await navigator.share({ files: [await fetchFile(link.href)] });
  } catch (error) {
    if (error.name !== "AbortError") location.assign(link.href); // too slow for the tap, or no connection
  } finally {
    link.removeAttribute("aria-busy");
  }
});
