// The fields of the lab: every number of the example can be typed over. What they hold goes to the
// server, and what every line makes of it comes back and is shown by reader.js.
(function () {
  "use strict";
  const reader = window.reader, inputs = reader.data.inputs;
  const box = document.getElementById("inputs"), refused = document.getElementById("refused");
  const page = location.pathname.split("/").pop().replace(".html", "");
  const fields = {};                             // the fields of each array, in its order
  let asked = 0, waiting = 0;

  function make(tag, attributes, text) {
    const made = Object.assign(document.createElement(tag), attributes);
    if (text) made.append(text);
    return made;
  }
  function place(index, shape) {                 // 5 in a shape (2, 3) is "1, 2"
    const found = [];
    for (const size of shape.slice().reverse()) {
      found.unshift(index % size);
      index = Math.floor(index / size);
    }
    return found.join(", ");
  }
  const total = Object.values(inputs).reduce((sum, { numbers }) => sum + numbers.length, 0);
  Object.entries(inputs).forEach(([name, { shape, numbers }]) => {
    const columns = shape.length ? shape[shape.length - 1] : 1;
    const grid = make("div", { className: "grid" });
    grid.style.gridTemplateColumns = "repeat(" + columns + ", 4.4em)";
    fields[name] = numbers.map((number, index) => {
      const field = make("input", { type: "text", inputMode: "decimal", value: write(number),
        autocomplete: "off", spellcheck: false });
      field.setAttribute("aria-label", name + (shape.length ? "[" + place(index, shape) + "]" : ""));
      grid.append(field);
      return field;
    });
    const isOpen = numbers.length <= 16 && (total <= 32 || !name.includes("."));
    const array = make("details", { open: isOpen });
    array.append(make("summary", {}, name + (shape.length ? " (" + shape.join(", ") + ")" : "")), grid);
    box.insertBefore(array, refused);
  });
  if (Object.keys(inputs).length) {
    const again = make("button", { type: "button" }, "numbers of the example");
    again.addEventListener("click", () => {
      Object.keys(inputs).forEach((name) => fields[name].forEach(
        (field, index) => { field.value = write(inputs[name].numbers[index]); }));
      ask(reader.planted());
    });
    box.insertBefore(again, refused);
  }
  function write(number) { return String(Number(number)); }
  function read(field) {                         // not a number: null in JSON, which is refused
    const text = field.value.trim().replace("−", "-").replace(",", ".");
    const number = text ? Number(text) : NaN;
    field.setAttribute("aria-invalid", String(!Number.isFinite(number)));
    return number;
  }

  async function ask(number) {
    const mine = ++asked, numbers = {};
    Object.keys(fields).forEach((name) => { numbers[name] = fields[name].map(read); });
    const fault = number >= 0 ? reader.data.faults[number].fault : null;
    let text, answer;
    try {
      const reply = await fetch(page, { method: "POST", body: JSON.stringify({ numbers, fault }),
        headers: { "Content-Type": "application/json" } });
      text = await reply.text();
      answer = reply.ok ? JSON.parse(text) : null;
    } catch (error) {
      text = "The server does not answer: has albert-np lab ended?";
    }
    if (mine !== asked) return;                  // an older question
    refused.textContent = answer ? "" : text.replace(/\.?$/, ". ") +
      "The lines still show the numbers from before.";
    document.body.classList.toggle("old", !answer);
    if (!answer) return;
    reader.data.runs = answer.runs;
    if (number >= 0) reader.data.faults[number] = answer.faults[0];
    reader.show_fault(number);
  }
  reader.wants = ask;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask(reader.planted()), 200);
  });
})();
