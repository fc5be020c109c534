// Keep the screen on while something plays.

let lock = null;
let isWanted = false;

async function ask() {
  if (!isWanted || document.visibilityState !== "visible" || !navigator.wakeLock) return; // https only
  try {
    lock = await navigator.wakeLock.request("screen");
    if (!isWanted) lock.release(); // stopped meanwhile
  } catch {
    // refused, for example on low battery: the screen then follows the device's settings
  }
}

export function keepAwake(wanted) {
  isWanted = wanted;
  if (wanted) ask();
  else lock?.release();
}

document.addEventListener("visibilitychange", ask); // a hidden page loses it
