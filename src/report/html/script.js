// Filters and sorts the rows of one table, and keeps what is chosen in the address.
(() => {
  "use strict";
  const table = document.querySelector("table[data-rows]");
  const form = document.getElementById("controls");
  if (!table || !form) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row, place) => ({
    row,
    place,
    // A measurement's id, as filters elsewhere spell it, is found too.
    text: (row.textContent + " " + id(row.dataset)).toLowerCase(),
  }));
  const shown = document.getElementById("shown");
  const headings = Array.from(table.tHead.querySelectorAll("th[data-key]"));
  const selects = Array.from(form.querySelectorAll("select"));
  const text = form.elements.namedItem("filter");
  let sort = "";
  let descending = false;

  function id(d) {
    return [d.workload, d.flavor, d.site, d.payload, d.strategy, d.tasks].join("/");
  }

  // "ratio-a" is data-ratio-a, which the dataset spells ratioA.
  function property(key) {
    return key.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  }

  for (const th of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const key = th.dataset.key;
      if (sort !== key) {
        sort = key;
        descending = false;
      } else if (!descending) {
        descending = true;
      } else {
        sort = "";
        descending = false;
      }
      show();
      remember();
    });
  }

  function show() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = selects.filter((select) => select.value !== "");
    let visible = 0;
    for (const entry of rows) {
      const hit =
        words.every((word) => entry.text.includes(word)) &&
        chosen.every((select) => entry.row.dataset[property(select.name)] === select.value);
      entry.row.hidden = !hit;
      if (hit) visible += 1;
    }
    const heading = headings.find((th) => th.dataset.key === sort);
    const name = property(sort);
    const number = heading ? "number" in heading.dataset : false;
    const sign = descending ? -1 : 1;
    const order = rows.slice().sort((a, b) => {
      if (!heading) return a.place - b.place;
      const [x, y] = [a.row.dataset[name], b.row.dataset[name]];
      // What has no value comes last in both directions.
      const [noX, noY] = [x === undefined || x === "", y === undefined || y === ""];
      if (noX || noY) return noX - noY || a.place - b.place;
      const by = number ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0;
      return sign * by || a.place - b.place;
    });
    body.append(...order.map((entry) => entry.row));
    for (const th of headings) {
      if (th === heading) th.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
    shown.textContent = "Shown: " + visible + " of " + rows.length + ".";
  }

  function remember() {
    const state = new URLSearchParams();
    if (text.value) state.set("filter", text.value);
    for (const select of selects) if (select.value) state.set(select.name, select.value);
    if (sort) {
      state.set("sort", sort);
      state.set("dir", descending ? "desc" : "asc");
    }
    const hash = state.toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  }

  // Whether the address held a state, and not the name of a section.
  function recall() {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) return false;
    const state = new URLSearchParams(hash);
    text.value = state.get("filter") || "";
    for (const select of selects) {
      const wanted = state.get(select.name) || "";
      const known = Array.from(select.options).some((option) => option.value === wanted);
      select.value = known ? wanted : "";
    }
    const wanted = state.get("sort") || "";
    sort = headings.some((th) => th.dataset.key === wanted) ? wanted : "";
    descending = sort !== "" && state.get("dir") === "desc";
    return true;
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    show();
    remember();
  });
  form.addEventListener("reset", () => {
    // The form is empty only after this event.
    setTimeout(() => {
      sort = "";
      descending = false;
      show();
      remember();
    });
  });
  window.addEventListener("hashchange", () => {
    if (recall()) show();
  });
  const recalled = recall();
  show();
  if (recalled) form.scrollIntoView();
})();
