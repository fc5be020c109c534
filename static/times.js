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

// The host's time zone is the event's, unless the host says otherwise.
for (const field of document.querySelectorAll("[data-own-time-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
const zones = document.getElementById("time-zones");
zones?.append(...(Intl.supportedValuesOf?.("timeZone") ?? []).map((zone) => new Option(zone)));
