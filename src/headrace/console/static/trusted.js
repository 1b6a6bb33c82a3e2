// Markup and script addresses: both come from this console alone.

/** A document of markup that this console's own server has sent. */
export function parsed(markup) {
  return new DOMParser().parseFromString(markup, "text/html");
}

/** The address of a script beside this one. */
export function script(name) {
  return new URL(name, import.meta.url).href;
}
