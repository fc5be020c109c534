// Moments that someone types: on their page in their own time zone, in the form with how far that is from UTC.

const MINUTE_MS = 60_000;

for (const field of document.querySelectorAll("input[data-in-utc]")) {
  const behindUtc = field.form.elements[`${field.name}_behind_utc`];
  if (field.value) {
    const moment = new Date(`${field.value}Z`);
    const here = new Date(moment - moment.getTimezoneOffset() * MINUTE_MS);
    field.value = here.toISOString().slice(0, 16);
  }
  // Of that day: summer time may have begun until then.
  field.form.addEventListener("submit", () => {
    behindUtc.value = field.value ? new Date(field.value).getTimezoneOffset() : "";
  });
}
