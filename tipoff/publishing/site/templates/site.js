// Filters, searches and sorts what the page already shows; without scripts all of it is readable in its first order.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
const number = (text) => parseFloat(text.replace("−", "-"));

for (const list of document.querySelectorAll("[data-list]")) enhance(list);
for (const notice of document.querySelectorAll("[data-until]")) notice.hidden = easternDate() <= notice.dataset.until;

function enhance(list) {
  const items = [...list.querySelectorAll("[data-item]")];
  const groups = new Map(items.map((item) => [item, item.parentElement]));
  const headings = [...list.querySelectorAll("th[data-sort]")];
  const controls = document.querySelector(`[data-controls="${list.id}"]`);
  const together = controls?.querySelector("[data-together]");
  const select = controls?.querySelector("[data-order]");
  let order = headings.find((heading) => heading.hasAttribute("aria-sort"));
  let down = order?.getAttribute("aria-sort") === "descending";

  const arrange = () => {
    const sorted = order ? sort(items, order, down) : items;
    const first = groups.get(items[0]);
    for (const item of sorted) (together?.checked ? first : groups.get(item)).append(item);
    list.classList.toggle("together", !!together?.checked);
  };
  const sortBy = (heading, turn) => {
    down = turn && heading === order ? !down : heading.dataset.sort === "number";
    for (const each of headings) each.removeAttribute("aria-sort");
    order = heading;
    order.setAttribute("aria-sort", down ? "descending" : "ascending");
    if (select) select.value = headings.indexOf(order);
    arrange();
  };
  const filter = () => {
    const fields = [...controls.querySelectorAll("[name]")].filter((field) => field.value.trim());
    for (const item of items) item.hidden = !fields.every((field) => fits(item.dataset[field.name] ?? "", field));
    for (const group of new Set(groups.values())) {
      group.classList.toggle("none", !items.some((item) => groups.get(item) === group && !item.hidden));
    }
    const shown = items.filter((item) => !item.hidden).length;
    controls.querySelector("output").textContent = `${shown} of ${items.length} shown`;
  };

  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(heading, true));
    select?.append(new Option(heading.textContent.trim(), headings.indexOf(heading)));
  }
  if (!controls || !items.length) return;
  if (select) select.value = headings.indexOf(order);
  controls.hidden = false;
  controls.open ||= matchMedia("(min-width: 861px)").matches; // on a phone the players come first
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", (event) => {
    if (event.target === select) sortBy(headings[select.value], false);
    if (event.target === together) arrange();
    filter();
  });
  controls.addEventListener("reset", () => setTimeout(() => {
    sortBy(headings[0], false);
    filter();
  }));
  filter();
}

function fits(value, field) {
  const wanted = plain(field.value);
  return field.type === "search" ? plain(value).includes(wanted) : plain(value).split(" ").includes(wanted);
}

function sort(items, heading, down) {
  const text = (item) => item.cells[heading.cellIndex].textContent.trim();
  const compare = heading.dataset.sort === "number" ? (a, b) => number(a) - number(b) : (a, b) => a.localeCompare(b);
  const isEmpty = (item) => text(item) === "" || (heading.dataset.sort === "number" && isNaN(number(text(item))));
  return [...items].sort((a, b) => isEmpty(a) - isEmpty(b) || (down ? -1 : 1) * (compare(text(a), text(b)) || 0));
}

// The Eastern date of the games that a reader means by "tonight": until six in the morning, still yesterday's.
function easternDate() {
  const shown = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" });
  return shown.format(Date.now() - 6 * 3600 * 1000);
}
