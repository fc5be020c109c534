// What is said to who does not see the screen: the newest, at most this often.

const SPEAK_MS = 15_000; // faster progress would leave no room for anything else

const regions = new WeakMap(); // by live region: the timer of what it says next, and when it may

export function speak(region, text, { isLast = false } = {}) {
  const { timer, nextAt = 0 } = regions.get(region) ?? {};
  clearTimeout(timer);
  if (text === region.textContent) return;
  const wait = isLast ? 0 : Math.max(0, nextAt - Date.now());
  const say = () => {
    region.textContent = text;
    regions.set(region, { nextAt: Date.now() + SPEAK_MS });
  };
  regions.set(region, { timer: setTimeout(say, wait), nextAt });
}
