// One stream for all tabs of a browser: HTTP/1.1 allows six connections, and the seventh tab would hang.
// A tab that comes later is brought up to date from what was told before.
const ports = new Set();
const values = {};
let state = null;

const source = new EventSource(new URL("../../live", self.location));

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function take(event) {
  const { set = {}, gone = [], events = [] } = JSON.parse(event.data);
  if (event.type === "snapshot") for (const name of Object.keys(values)) delete values[name];
  for (const name of gone) delete values[name];
  Object.assign(values, set);
  state = "live";
  tell({ state, set, events });
}

source.addEventListener("snapshot", take);
source.addEventListener("tick", take);
source.addEventListener("hello", (event) => tell({ version: JSON.parse(event.data).version }));
source.addEventListener("signed-out", () => {
  source.close();
  tell({ state: (state = "signed-out") });
});
source.addEventListener("error", () => tell({ state: (state = source.readyState === 2 ? "refused" : "lost") }));

self.addEventListener("connect", ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = ({ data }) => data === "leave" && ports.delete(port);
  if (state) port.postMessage({ state, set: values, events: [] });
});
