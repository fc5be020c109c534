// Keeps photos shared from the phone's gallery on the phone until the guest has chosen the room; nothing else.
// No module: browsers that know no module workers share photos as well.
"use strict";

const SHARED = "shared-photos"; // as in shared.js

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function keep(request) {
  const files = (await request.formData()).getAll("photos").filter((file) => file.size);
  await caches.delete(SHARED); // from an earlier share that never reached a room
  const cache = await caches.open(SHARED);
  await Promise.all(
    files.map((file, number) => {
      const headers = {
        "Content-Type": file.type,
        "X-File-Name": encodeURIComponent(file.name),
        "X-Modified": file.lastModified,
      };
      return cache.put(`shared/${number}`, new Response(file, { headers }));
    }),
  );
  return Response.redirect("share-target", 303);
}

self.addEventListener("fetch", (event) => {
  const isShare = event.request.method === "POST" && new URL(event.request.url).pathname.endsWith("/share-target");
  if (isShare) event.respondWith(keep(event.request));
});
