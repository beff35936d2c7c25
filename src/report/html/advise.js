// What `advise` computes, from the unit costs of the page's run: the same sums, the same refusals.
(() => {
  "use strict";
  const form = document.getElementById("advise-form");
  if (!form) return;
  const sheet = JSON.parse(form.dataset.sheet);
  const output = form.elements.namedItem("answer");

  function kind(strategy, tasks) {
    const name = strategy.split("@")[0];
    if (name === "join") return ["join", "polled"];
    if (name === "join_all") return tasks <= sheet.small_join_all ? ["join_all", "polled"] : ["join_all, ordered", "woken"];
    if (name === "spawn" || name === "join_set") return [name, "spawned"];
    return [name, "woken"];
  }

  function boxed(family, bytes) {
    return family === "spawned" && bytes + sheet.child_bytes > sheet.boxed_from;
  }

  // ns for each child, and whether its size lies between measured ones; or why not.
  function payload(name, family, bytes) {
    const box = boxed(family, bytes);
    const known = sheet.payload.filter((cost) => cost.strategy === name && boxed(family, cost.bytes) === box);
    if (!known.length) return "not calibrated: no case of so many bytes";
    const last = known[known.length - 1];
    if (bytes > last.bytes) {
      const until = family === "spawned" && !box ? 4 : 1;
      if (bytes > last.bytes * until) return "outside the calibrated range: up to " + last.bytes + " bytes were measured";
      return [(last.ns * bytes) / last.bytes, false];
    }
    let before = box ? { bytes: Math.min(bytes, known[0].bytes), ns: known[0].ns } : { bytes: 0, ns: 0 };
    for (const next of known) {
      if (bytes <= next.bytes) {
        const share = next.bytes > before.bytes ? (bytes - before.bytes) / (next.bytes - before.bytes) : 1;
        return [before.ns + share * (next.ns - before.ns), true];
      }
      before = next;
    }
    return [last.ns, true];
  }

  // The sum and how far it reaches; or why there is none.
  function predict(q, strategy) {
    const n = q.tasks;
    if (q.wakes === "never" && q.work < sheet.least_work) return "not predictable: such children fold away as the compiler finds them";
    const [name, family] = kind(strategy, n);
    const costs = sheet.costs.find((c) => c.scope === q.scope && c.wakes === q.wakes && c.strategy === name);
    if (!costs) return "not calibrated: this run has no such case";
    const factor = costs.numbers > 1 ? 3 : 2;
    const [fewest, most] = [Math.ceil(costs.fewest / factor), Math.min(costs.most * factor, sheet.most)];
    if (n < fewest || n > most) return "outside the calibrated range: " + fewest + " to " + most + " children";
    if (q.wait > sheet.wait && n > sheet.most_waiting) return "outside the calibrated range: up to " + sheet.most_waiting + " children that wait";
    let reach = 1;
    if (n < costs.fewest || n > costs.most) reach += 1;
    if (n >= sheet.less_sure) reach += 1;
    let ns = costs.fan_out + n * costs.child;
    if (q.wakes === "together") ns += costs.idle_turn;
    if (q.wakes === "separate") ns += n * costs.signal;
    if (family === "polled" && (q.wakes === "separate" || q.wakes === "in_turn")) ns += ((n * (n - 1)) / 2) * costs.repoll;
    if (n > sheet.near && name !== "buffer_unordered") ns += n * Math.pow((n - sheet.near) / sheet.far, sheet.power) * costs.far;
    if (q.payload > 0) {
      const carried = payload(name, family, q.payload);
      if (typeof carried === "string") return carried;
      ns += n * carried[0];
      if (!carried[1]) reach += 1;
    }
    const told = n * q.work + q.wait;
    ns += told;
    const point = [q.scope, q.wakes, n, q.payload, name].join(" ");
    const measured = reach <= 2 && q.wakes !== "never" && q.work === 0 && q.wait === 0 && sheet.measured.includes(point);
    return { strategy, ns, told, reach, measured };
  }

  // Why meaning rules a strategy out.
  function ruled(q, strategy) {
    const name = strategy.split("@")[0];
    for (const [need, reasons] of Object.entries(sheet.rules)) {
      if (!q.needs.includes(need) || !(name in reasons)) continue;
      if (need === "not_send" && q.scope.startsWith("local/")) continue;
      return reasons[name];
    }
    if (name === "join" && (q.tasks > sheet.most_joined || q.tasks * q.payload > sheet.most_state)) {
      return "more than a join! holds";
    }
    if (q.bound && q.bound < q.tasks && name !== "buffer_unordered") return "it holds all children at once";
    return "";
  }

  function significant(value) {
    if (value === 0 || !isFinite(value)) return String(value);
    const magnitude = Math.floor(Math.log10(Math.abs(value)));
    const decimals = Math.max(2 - magnitude, 0);
    const text = value.toFixed(decimals);
    const carried = Math.floor(Math.log10(Math.abs(Number(text)))) > magnitude;
    return carried && decimals > 0 ? value.toFixed(decimals - 1) : text;
  }

  function time(ns) {
    const [by, unit] = ns < 999.5 ? [1, "ns"] : ns < 999.5e3 ? [1e3, "µs"] : ns < 999.5e6 ? [1e6, "ms"] : [1e9, "s"];
    return significant(ns / by) + " " + unit;
  }

  function label(strategy) {
    return strategy === "join" ? "join!" : strategy;
  }

  function call(low, high) {
    if (low > 1) return "slower";
    return high <= sheet.hidden ? "too close to call" : "not sure: measure it";
  }

  function element(name, text) {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  }

  function question() {
    const value = (name) => form.elements.namedItem(name).value;
    const needs = Object.keys(sheet.rules).filter((need) => form.elements.namedItem(need).checked);
    return {
      tasks: Number(value("tasks")),
      wakes: value("wakes"),
      work: Number(value("work")),
      wait: Number(value("wait")),
      payload: Number(value("payload")),
      bound: value("bound") === "" ? null : Number(value("bound")),
      scope: value("scope"),
      needs,
    };
  }

  function wrong(q) {
    const whole = (number, from, to) => Number.isInteger(number) && number >= from && number <= to;
    if (!whole(q.tasks, 1, 1e6)) return "children: a whole number from 1 to 1000000";
    if (q.bound !== null && !whole(q.bound, 1, 1e6)) return "at most at once: a whole number from 1 to 1000000";
    if (!(q.work >= 0 && q.wait >= 0)) return "work and wait: ns, 0 or more";
    if (!whole(q.payload, 0, 2 ** 40)) return "bytes: a whole number";
    if (q.wakes === "never" && q.wait > 0) return "children that wait are woken";
    return "";
  }

  function answer() {
    const q = question();
    output.replaceChildren();
    const problem = wrong(q);
    if (problem) {
      output.append(element("p", problem));
      return;
    }
    const strategies = ["join", "spawn", "join_all", "join_set", "futures_unordered"];
    if (q.bound) strategies.push("buffer_unordered@" + q.bound);
    const [ranked, others] = [[], []];
    for (const strategy of strategies) {
      const reason = ruled(q, strategy);
      const predicted = reason ? "ruled out: " + reason : predict(q, strategy);
      if (typeof predicted === "string") others.push(label(strategy) + ": " + predicted);
      else ranked.push(predicted);
    }
    ranked.sort((a, b) => a.ns - b.ns);
    if (ranked.length) {
      const table = document.createElement("table");
      const head = table.createTHead().insertRow();
      for (const text of ["strategy", "a fan-out", "for each child", "over the first", "90% of them", ""]) head.append(element("th", text));
      const body = table.createTBody();
      const first = ranked[0];
      for (const row of ranked) {
        const base = row.measured && first.measured ? sheet.measured_half_width : sheet.half_width;
        const width = row === first ? 0 : base * Math.max(row.reach, first.reach);
        const ratio = row.ns / first.ns;
        // What was told is sure.
        const [low, high] = [-width, width].map((log) => (row.ns + (row.ns - row.told) * Math.expm1(log)) / first.ns);
        const tr = body.insertRow();
        tr.dataset.strategy = row.strategy;
        tr.dataset.ns = row.ns;
        tr.dataset.ratio = ratio;
        tr.dataset.low = low;
        tr.dataset.high = high;
        tr.append(
          element("td", label(row.strategy)),
          element("td", time(row.ns)),
          element("td", time(row.ns / q.tasks)),
          element("td", significant(ratio) + "×"),
          element("td", row === first ? "" : "[" + significant(low) + ", " + significant(high) + "]"),
          element("td", row === first ? "the fastest" : call(low, high)),
        );
      }
      output.append(table);
      const own = q.wait + q.work * q.tasks;
      if (ranked.length > 1 && own > 0) {
        const stake = ranked[ranked.length - 1].ns - first.ns;
        const share = stake / own;
        output.append(
          element(
            "p",
            "Does it matter? Up to " + time(stake) + " of a fan-out, " + significant(share * 100) + "% of the " + time(own) +
              " that the children themselves take" + (share < 0.01 ? ": choose by meaning." : "."),
          ),
        );
      }
    }
    for (const other of others) output.append(element("p", other));
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", answer);
  answer();
})();
