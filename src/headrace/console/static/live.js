// Follows what happens: puts each value that changes into the elements that show it.
import { script } from "./trusted.js";

const root = document.documentElement;
const listeners = new Set();

/** Calls back with the newest events of each tick. */
export function onEvents(call) {
  listeners.add(call);
}

/** Connects to the stream shared by all tabs, or to one of our own where browsers cannot share. */
export function follow() {
  if (!root.dataset.live) return;
  if (globalThis.SharedWorker) {
    const worker = new SharedWorker(script("stream-worker.js"), { name: `headrace-${root.dataset.version}` });
    worker.port.onmessage = ({ data }) => take(data);
    worker.port.start();
    addEventListener("pagehide", () => worker.port.postMessage("leave"));
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  } else {
    alone();
  }
}

/** A stream of this tab alone, closed while nobody sees it. */
function alone() {
  let source = null;
  const turn = () => {
    source?.close();
    source = document.hidden ? null : new EventSource(root.dataset.live);
    for (const name of ["snapshot", "tick"]) {
      source?.addEventListener(name, ({ data }) => take({ state: "live", events: [], ...JSON.parse(data) }));
    }
    source?.addEventListener("hello", ({ data }) => take(JSON.parse(data)));
    source?.addEventListener("signed-out", () => (source.close(), take({ state: "signed-out" })));
    source?.addEventListener("error", () => take({ state: source.readyState === 2 ? "refused" : "lost" }));
  };
  document.addEventListener("visibilitychange", turn);
  turn();
}

function take({ state, set, events, version }) {
  if (version && version !== root.dataset.version) return mark("outdated");
  if (set) put(set);
  if (state) mark(state);
  if (events?.length) for (const call of listeners) call(events);
}

function put(set) {
  for (const element of document.querySelectorAll("[data-live]:not(html)")) {
    const value = set[element.dataset.live];
    if (value === undefined) continue;
    const attribute = element.dataset.liveAttr;
    if (attribute) element.setAttribute(attribute, value);
    else if (element.textContent !== value) element.textContent = value;
  }
}

const WORDS = {
  live: "live",
  lost: "connection lost, trying again",
  refused: "not live; reload to try again",
  "signed-out": "signed out",
  outdated: "a new version is here; reload",
};

function mark(state) {
  if (root.dataset.ready !== state) root.dataset.ready = state;
  const beat = document.querySelector("[data-beat]");
  if (!beat || beat.dataset.beat === state) return;
  beat.dataset.beat = state === "live" ? state : "lost";
  beat.textContent = WORDS[state];
}
