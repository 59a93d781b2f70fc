// What moves on a reader page: names and equations light up, lines are stepped through, a planted
// fault shows its numbers. Without this script the page has everything but these.
(function () {
  "use strict";
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const one = (id) => document.getElementById(id);
  const data = JSON.parse(one("data").textContent);
  const rows = {};
  all(".row").forEach((row) => { rows[row.id.slice(1)] = row; });
  const right = {};                              // the code of each row, without a fault
  Object.keys(rows).forEach((line) => { right[line] = rows[line].querySelector(".src").innerHTML; });
  let run = 0, at = -1, fault = -1;

  all("[hidden]").forEach((hidden) => { hidden.hidden = false; });

  // ---- pointing ---------------------------------------------------------------------------------

  function light(name, equations) {
    all(".hit").forEach((lit) => lit.classList.remove("hit"));
    all(".eq").forEach((lit) => lit.classList.remove("eq"));
    if (name) all('[data-n="' + CSS.escape(name) + '"]').forEach((it) => it.classList.add("hit"));
    if (equations && equations.length) {
      all("[data-eq]").forEach((it) => {
        const own = it.dataset.eq.split(" ");
        if (equations.some((label) => own.includes(label))) it.classList.add("eq");
      });
    }
  }
  function point(target) {
    if (!target || !target.closest) return light("", []);
    const name = target.closest("[data-n]"), equation = target.closest("[data-eq]");
    light(name && name.dataset.n,
      equation ? equation.dataset.eq.split(" ").filter(Boolean) : []);
  }
  document.addEventListener("mouseover", (event) => point(event.target));
  document.addEventListener("focusin", (event) => point(event.target));
  document.addEventListener("click", (event) => {      // a finger cannot hover
    if (event.target.closest("[data-n], [data-eq]")) point(event.target);
  });

  // ---- numbers ----------------------------------------------------------------------------------

  const width = (row) => all(".v", row).reduce((sum, it) => sum + it.textContent.length, 0);
  function show() {
    const values = data.runs.length ? data.runs[run].values : {};
    const wrong = fault >= 0 ? data.faults[fault] : null;
    Object.keys(rows).forEach((line) => {
      const row = rows[line];
      const changed = wrong && wrong.changed[line];
      row.querySelector(".vals").innerHTML = changed || values[line] || "";
      const long = row.querySelector(".src").textContent.length + width(row) > 60;
      row.classList.toggle("below", Boolean(changed || run && long));
      row.classList.remove("wrong");
      row.querySelector(".src").innerHTML = right[line];
    });
    (wrong ? wrong.edits : []).filter((edit) => rows[edit.line]).forEach(rewrite);
    all("[data-fault]").forEach((button) => {
      button.setAttribute("aria-pressed", String(Number(button.dataset.fault) === fault));
    });
    all(".cut").forEach((button) => {
      button.setAttribute("aria-pressed",
        String(button.dataset.faults.split(" ").map(Number).includes(fault)));
    });
    document.body.classList.toggle("moving", Boolean(wrong));
    one("said").classList.toggle("fault", Boolean(wrong));
    one("said").textContent = wrong ? wrong.said : "";
    if (one("run")) one("run").value = String(run);
    if (one("verdict")) one("verdict").innerHTML = (wrong || data.runs[run]).check;
  }
  function rewrite(edit) {                             // strike code, and write the fault's behind it
    const code = rows[edit.line].querySelector(".src");
    const old = document.createElement("del"), now = document.createElement("ins");
    old.textContent = edit.old;
    now.textContent = edit.new;
    const text = code.textContent, start = text.indexOf(edit.old);
    if (start >= 0) {
      code.textContent = text.slice(0, start);
      code.append(old, now, text.slice(start + edit.old.length));
    } else {
      code.append(" ", now);
    }
    rows[edit.line].classList.add("wrong");
  }
  function reveal(row) {                               // beneath the bar, which stays on the screen
    if (row.closest("details")) row.closest("details").open = true;
    const bar = document.querySelector(".bar").offsetHeight;
    document.documentElement.style.scrollPaddingTop = bar + 24 + "px";
    row.scrollIntoView({ block: "nearest" });
  }
  // What a click on a fault asks for. The lab's script replaces it: it asks the server first.
  const reader = window.reader = { data, planted: () => fault, wants: show_fault, show_fault };
  function show_fault(number) {                        // -1: none
    fault = number;
    if (fault >= 0) { run = data.faults[fault].run; leave(); }
    show();
    if (fault >= 0) {
      const { line, changed } = data.faults[fault];
      const row = rows[line] || rows[Object.keys(changed)[0]];
      if (row) reveal(row);
    }
  }
  const plant = (number) => reader.wants(number === fault ? -1 : number);
  all("[data-fault]").forEach((button) =>
    button.addEventListener("click", () => plant(Number(button.dataset.fault))));
  all(".cut").forEach((button) => button.addEventListener("click", () => {
    const own = button.dataset.faults.split(" ").map(Number);
    const next = own[own.indexOf(fault) + 1];
    plant(next === undefined ? fault : next);          // one after the other, then none
  }));
  if (one("run")) {
    one("run").addEventListener("change", () => {
      run = Number(one("run").value);
      fault = -1;
      leave();
      show();
    });
  }

  // ---- stepping ---------------------------------------------------------------------------------

  function order() {
    return data.runs.length ? data.runs[run].order.map(String).filter((line) => rows[line]) : [];
  }
  function leave() {
    at = -1;
    document.body.classList.remove("stepping", "moving");
    one("said").textContent = "";
    all(".now, .later").forEach((row) => row.classList.remove("now", "later"));
  }
  function step(by) {
    const lines = order();
    const next = at + by;
    if (!lines.length || next >= lines.length) return;
    if (next < 0) return leave();
    at = next;
    document.body.classList.add("stepping", "moving");
    Object.keys(rows).forEach((line) => {
      const place = lines.indexOf(line);
      rows[line].classList.toggle("later", place > at || place < 0);
      rows[line].classList.toggle("now", place === at);
    });
    const row = rows[lines[at]];
    one("said").textContent = "line " + lines[at] + ", step " + (at + 1) + " of " + lines.length;
    reveal(row);
    point(row);
  }
  one("step").addEventListener("click", () => step(1));
  one("back").addEventListener("click", () => step(-1));
  one("all").addEventListener("click", () => { fault = -1; leave(); show(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "Escape") { fault = -1; leave(); show(); }
  });

  // ---- addresses --------------------------------------------------------------------------------

  function land() {
    const target = location.hash && one(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let around = target.closest("details"); around;
      around = around.parentElement.closest("details")) around.open = true;
    const row = target.closest(".row");
    if (row) point(row);
  }
  window.addEventListener("hashchange", land);
  land();
})();
