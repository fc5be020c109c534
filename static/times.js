// Moments in the reader's own time zone, which only the browser knows: the server writes them in UTC, and says so.

const DIGITS = "latn"; // as everywhere on the pages

function showLocally(place) {
  for (const time of place.querySelectorAll("time[data-moment]")) {
    const format = new Intl.DateTimeFormat(document.documentElement.lang, {
      dateStyle: "medium",
      timeStyle: "short",
      numberingSystem: DIGITS,
    });
    time.textContent = format.format(new Date(time.dateTime));
    delete time.dataset.moment;
  }
}

showLocally(document);
document.addEventListener("htmx:load", ({ target }) => showLocally(target.parentElement ?? document));
