// Times stay true while a page stands open, and say the local time when pointed at.
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function words(seconds) {
  const far = Math.floor(Math.abs(seconds));
  if (far < 1) return "just now";
  const [unit, size] = UNITS.find(([, one]) => far >= one);
  const told = `${Math.floor(far / size)} ${unit}`;
  return seconds > 0 ? `${told} ago` : `in ${told}`;
}

function turn() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.valueOf()) || "exact" in element.dataset) continue;
    const told = words((Date.now() - moment) / 1000);
    if (element.textContent !== told) element.textContent = told;
    if (!element.dataset.local) {
      element.dataset.local = "yes";
      element.title = `${moment.toLocaleString()} · ${element.title}`;
    }
  }
}

/** Renews every time on the page once a second. */
export function keepTimes() {
  turn();
  setInterval(() => document.hidden || turn(), 1000);
}
