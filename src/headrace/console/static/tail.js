// The list of events grows at its top while it is looked at, where its filter is one that can be told from a line.
import { onEvents } from "./live.js";

const MOST = 200;

function cell(row, name, ...content) {
  const made = row.insertCell();
  made.className = name;
  made.append(...content);
  return made;
}

function link(text, address, name = "") {
  const made = document.createElement("a");
  Object.assign(made, { textContent: text, href: address, className: name });
  return made;
}

function span(text, name) {
  const made = document.createElement("span");
  Object.assign(made, { textContent: text, className: name });
  return made;
}

function add(body, { position, type, stream, aggregate, id, tenant, data, at }, { event, stream: streams }) {
  const row = body.insertRow(0);
  row.className = "fresh";
  cell(row, "num", link(position, event + position));
  const brief = document.createElement("code");
  Object.assign(brief, { textContent: data, className: "dim data" });
  cell(row, "main", span(type, "event-type"), " ", brief);
  const query = new URLSearchParams({ type: aggregate, id, ...(tenant && { tenant }) });
  cell(row, "wide", stream ? link(stream, `${streams}?${query}`, "plain-link") : span("none", "dim"));
  const time = document.createElement("time");
  Object.assign(time, { dateTime: at, textContent: "just now", title: at });
  cell(row, "num", time);
}

export function growEvents() {
  onEvents((events) => {
    const list = document.querySelector("[data-tail]");
    const body = list?.querySelector("[data-rows]");
    if (!body) return;
    const newest = Number(body.rows[0]?.cells[0].textContent ?? 0);
    for (const one of events) {
      if (Number(one.position) <= newest) continue;
      if (list.dataset.type && one.type !== list.dataset.type) continue;
      if (list.dataset.aggregate && one.aggregate !== list.dataset.aggregate) continue;
      add(body, one, list.dataset);
    }
    while (body.rows.length > MOST) body.deleteRow(-1);
  });
}
