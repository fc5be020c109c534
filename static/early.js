// Runs before the page is drawn, so that nothing moves when elements that need scripts, or only work without them,
// appear or disappear.
"use strict";

document.documentElement.classList.add("js");
