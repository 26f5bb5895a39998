// Sorts, filters and searches what the page shows already: without scripts everything is readable, only unsorted.
const rows = (list) => [...list.querySelectorAll("[data-item]")];

for (const list of document.querySelectorAll("[data-list]")) {
  const controls = document.querySelector(`[data-controls="${list.id}"]`);
  const count = controls?.querySelector("[data-count]");
  const show = () => {
    const wanted = [...controls.querySelectorAll("[name]")].filter((field) => field.value.trim());
    let shown = 0;
    for (const row of rows(list)) {
      row.hidden = !wanted.every((field) => fits(row.dataset[field.name] ?? "", field));
      shown += row.hidden ? 0 : 1;
    }
    for (const group of list.querySelectorAll("[data-group]")) {
      group.hidden = !rows(group).some((row) => !row.hidden);
    }
    if (count) count.textContent = `${shown} shown`;
  };
  if (controls) {
    controls.hidden = false;
    controls.addEventListener("input", show);
    controls.addEventListener("reset", () => setTimeout(show));
    controls.addEventListener("submit", (event) => event.preventDefault());
    show();
  }
  for (const heading of list.querySelectorAll("th[data-sort]")) sortable(list, heading);
}

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function fits(value, field) {
  const wanted = plain(field.value.trim());
  return field.type === "search" ? plain(value).includes(wanted) : plain(value).split(" ").includes(wanted);
}

function sortable(table, heading) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") !== "descending";
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const column = heading.cellIndex;
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    for (const body of table.tBodies) body.append(...rows(body).sort((a, b) => compare(key(a), key(b), down)));
  });
}

function compare(a, b, down) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
  return down ? -order : order;
}
