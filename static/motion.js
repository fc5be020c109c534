// The movie of a motion photo, played in its place when someone presses; then the photo is there again.

function stop() {
  document.querySelector(".motion-movie")?.remove();
  document.querySelector("[data-motion]")?.classList.remove("is-playing");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-motion]");
  if (!link || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (document.querySelector(".motion-movie")) return stop();
  const movie = document.createElement("video");
  movie.className = "motion-movie";
  movie.playsInline = true;
  movie.addEventListener("ended", stop);
  movie.addEventListener("error", () => {
    if (!movie.isConnected) return; // stepped on meanwhile
    stop();
    document.getElementById("viewer-status").textContent = link.dataset.motion;
    link.querySelector("span").textContent = link.dataset.motion;
  });
  movie.src = link.href;
  document.querySelector(".viewer .photo-frame").append(movie);
  link.classList.add("is-playing");
  movie.play().catch(() => {}); // its error event says why
  return undefined;
});
