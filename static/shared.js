// On the room's page after a share from the phone's gallery: pass the kept photos to the upload form.

const SHARED = "shared-photos"; // as in service-worker.js

async function takeShared() {
  const input = document.querySelector("form[data-upload] input[type=file]");
  if (!input || !window.caches || !(await caches.has(SHARED))) return;
  const cache = await caches.open(SHARED);
  const files = new DataTransfer();
  for (const key of await cache.keys()) {
    const kept = await cache.match(key);
    const [name, lastModified] = [
      decodeURIComponent(kept.headers.get("X-File-Name")),
      Number(kept.headers.get("X-Modified")),
    ];
    files.items.add(new File([await kept.blob()], name, { type: kept.headers.get("Content-Type"), lastModified }));
  }
  await caches.delete(SHARED);
  if (!files.files.length) return;
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// After the form's scripts; a reload must not ask again.
window.addEventListener("load", () => {
  history.replaceState(history.state, "", location.pathname + location.hash);
  takeShared();
});
