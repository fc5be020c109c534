// Clips on a page: played over their poster; where the browser can't, it says so and offers the download.

const MOST_PREVIEW_MS = 20_000; // in a slideshow
const clipOf = (root) => root.querySelector("video.clip");

function tellProblem(video) {
  const frame = video.closest(".photo-frame");
  video.hidden = true;
  frame.querySelector(".clip-play").hidden = true;
  frame.querySelector(".clip-problem").hidden = false;
}

// The poster is what one swipes and zooms, until the clip plays: then it has the browser's controls.
export function prepareClip(root = document) {
  const video = clipOf(root);
  if (!video) return;
  video.controls = false;
  video.closest(".photo-frame").classList.add("is-clip-ready"); // a tap before is lost
  // What a browser says of codecs is a guess; it has the last word when it opens the clip.
  if (video.error || (!video.canPlayType(video.dataset.type) && video.networkState === video.NETWORK_NO_SOURCE)) {
    tellProblem(video);
  }
}

export function playClip(video, { isMuted = false } = {}) {
  video.muted = isMuted;
  video.controls = true;
  video.closest(".photo-frame").classList.add("is-clip-started");
  const hadFocus = document.activeElement?.classList.contains("clip-play");
  if (hadFocus) video.focus({ preventScroll: true });
  return video.play().catch(() => {}); // an error of its own says why
}

// For a slideshow: plays the clip there is without a sound, and tells for how long; 0 without one.
export function previewClip(root = document) {
  const video = clipOf(root);
  if (!video || video.hidden) return 0;
  playClip(video, { isMuted: true });
  const seconds = Number.isFinite(video.duration) ? video.duration : 0;
  return Math.min(seconds * 1000, MOST_PREVIEW_MS);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".clip-play");
  if (button) playClip(clipOf(button.closest(".photo-frame")));
});

// The picture of a face leads to when it is seen; without this script, its link opens the clip there.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-at-ms]");
  const video = link && clipOf(document);
  if (!video || video.hidden || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  video.currentTime = Number(link.dataset.atMs) / 1000;
  playClip(video);
});

// Errors of media don't bubble.
document.addEventListener(
  "error",
  (event) => {
    if (event.target.matches?.("video.clip")) tellProblem(event.target);
  },
  true,
);

prepareClip();
