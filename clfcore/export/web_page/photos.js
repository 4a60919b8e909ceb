// What the exported page and that of a server have in common: elements, bars, and where photos come from.

const find = (name) => document.getElementById(name);
const percent = (p) => `${(100 * p).toFixed(1)}%`;

function element(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

function bar(probability) {
  const made = element("span", { className: "bar" }, element("span"));
  made.firstChild.style.width = percent(probability);
  made.setAttribute("aria-hidden", "true");
  return made;
}

// Photos that are chosen, dropped anywhere on the page or pasted go to `show`, as a list of files.
function takePhotos(show) {
  const input = find("file"), zone = find("drop");
  input.addEventListener("change", () => { show(input.files); input.value = ""; });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => zone.classList.remove("over"));
  document.addEventListener("drop", (event) => { event.preventDefault(); show(event.dataTransfer.files); });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) { event.preventDefault(); show(event.clipboardData.files); }
  });
}
