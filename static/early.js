// Runs before the page is drawn, so that nothing moves when what only works with, or only without, scripts comes or
// goes. No module: those wait until the page is there.
"use strict";

document.documentElement.classList.add("js");
