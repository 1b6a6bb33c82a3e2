// What pages do beyond what HTML does by itself, begun once they are seen. Everything works without it.

// On a phone the menu is one line: where we are in it shall be seen.
const here = document.querySelector("nav [aria-current]");
if (here) here.closest("nav").scrollLeft = here.offsetLeft - innerWidth / 3;

// The frame after the next callback is the first; a tab in the background has none, and waits no longer for it.
const seen = new Promise((done) => {
  requestAnimationFrame(() => setTimeout(done));
  setTimeout(done, 500);
});
seen.then(() => import("./begin.js"));
