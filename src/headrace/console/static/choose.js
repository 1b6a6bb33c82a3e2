// The box above a column of boxes chooses them all; the bar below says how many are chosen.
function turn() {
  for (const all of document.querySelectorAll("input[data-all]")) {
    const boxes = [...all.closest("table").querySelectorAll('tbody input[type="checkbox"]')];
    const count = boxes.filter((box) => box.checked).length;
    all.hidden = !boxes.length;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }
}

export function chooseMany() {
  turn();
  document.addEventListener("swapped", turn);
  document.addEventListener("change", ({ target }) => {
    if (target.matches?.("input[data-all]")) {
      for (const box of target.closest("table").querySelectorAll('tbody input[type="checkbox"]')) box.checked = target.checked;
    }
    if (target.type === "checkbox") turn();
  });
}
