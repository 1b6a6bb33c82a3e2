// What pages do beyond what HTML does by itself, begun once they are seen. Everything works without it.

// On a phone the menu is one line: where we are in it shall be seen.
const here = matchMedia("(width < 860px)").matches && document.querySelector("nav [aria-current]");
if (here) here.closest("nav").scrollLeft = here.offsetLeft - innerWidth / 3;

// What is fetched and run before the first paint holds it up. A tab that nobody sees has none, and waits no longer for it.
const seen = new Promise((done) => {
  new PerformanceObserver((entries) => entries.getEntriesByName("first-contentful-paint").length && done()).observe({ type: "paint", buffered: true });
  setTimeout(done, document.hidden ? 0 : 2000);
});
seen.then(() => import("./begin.js"));
