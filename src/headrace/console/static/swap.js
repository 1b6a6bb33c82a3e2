// Filters and pagers renew their region in place; the address moves along, so that Back and links work.
import { parsed } from "./trusted.js";

let current = null;

async function load(address, region) {
  current?.abort();
  const mine = (current = new AbortController());
  const target = document.getElementById(region);
  target.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: mine.signal, headers: { accept: "text/html" } });
    const fresh = parsed(await answer.text());
    const found = fresh.getElementById(region);
    if (!found) return location.assign(answer.url);
    if (answer.redirected) return location.assign(answer.url);
    document.title = fresh.title;
    target.replaceWith(document.importNode(found, true));
    document.dispatchEvent(new Event("swapped"));
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  }
}

/** The address a GET form leads to, without its empty fields. */
function addressOf(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.append(name, value);
  return form.action.split("?")[0] + (query.size ? `?${query}` : "");
}

/** Puts what an address says into a form's fields. */
function fill(form) {
  const query = new URLSearchParams(location.search);
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") field.checked = query.getAll(field.name).includes(field.value);
    else field.value = query.get(field.name) ?? "";
    // A choice that always is one: without a word of it in the address the first is meant.
    if (field.selectedIndex === -1) field.selectedIndex = 0;
  }
}

function go(address, region) {
  history.pushState({ region }, "", address);
  load(address, region);
}

export function swapInPlace() {
  const forms = document.querySelectorAll("form[data-swap]");
  if (!forms.length) return;
  for (const form of forms) {
    let timer = 0;
    const turn = () => {
      const address = addressOf(form);
      if (address !== location.href) go(address, form.dataset.swap);
    };
    form.addEventListener("submit", (event) => (event.preventDefault(), clearTimeout(timer), turn()));
    form.addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(turn, event.target.type === "search" ? 250 : 0);
    });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-swap]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href, link.dataset.swap);
    document.getElementById(link.dataset.swap).scrollIntoView({ block: "nearest" });
  });
  history.replaceState({ region: forms[0].dataset.swap }, "");
  addEventListener("popstate", ({ state }) => {
    for (const form of forms) fill(form);
    load(location.href, state?.region ?? forms[0].dataset.swap);
  });
}
