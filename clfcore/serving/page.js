// The page of a server: every photo that is chosen, dropped or pasted is posted, and its answer shown as a card.

function list(top, labels) {
  return element("ol", { className: "top" }, ...top.map(({ label, probability }) => {
    const present = labels?.includes(label) ? `${label} ✓` : label;
    return element("li", {}, element("span", { className: "label", textContent: present }), " ",
      element("span", { className: "probability", textContent: percent(probability) }), bar(probability));
  }));
}

function figure(photo, seen) {
  const address = URL.createObjectURL(photo), image = element("img", { src: address, alt: photo.name });
  const made = element("figure", {}, image);
  image.addEventListener("load", () => URL.revokeObjectURL(address));
  image.addEventListener("error", () => made.replaceChildren(
    element("figcaption", { textContent: "This browser does not show such a file; the server reads it." })));
  if (seen?.message) made.append(element("figcaption", { textContent: seen.message }));
  return made;
}

function card(photo, prediction) {
  const { top, labels, levels, path, unlike, set, seen } = prediction;
  const words = element("div", { className: "words" }, element("h3", { textContent: photo.name }));
  const line = (className, textContent) => words.append(element("p", { className, textContent }));
  if (unlike?.unlike) line("unlike", unlike.message);
  if (labels) line("present", `Labels: ${labels.join(", ") || "none reaches its threshold"}`);
  if (path?.length) line("present", `Path: ${path.map((place) => `${place.label} ${percent(place.probability)}`).join(" › ")}`);
  if (set) line("present", `Prediction set: ${set.join(", ") || "none of the classes"}`);
  for (const [level, likeliest] of Object.entries(levels ?? { "": top })) {
    if (level) words.append(element("h4", { textContent: level }));
    words.append(list(likeliest, labels));
  }
  return element("article", {}, figure(photo, seen), words);
}

function refusal(text) {
  const sentence = /[.!?]$/.test(text) ? text : `${text}.`;
  return element("article", { className: "refused" }, element("p", { textContent: sentence }));
}

async function answered(photo) {
  const form = new FormData();
  form.append("photo", photo, photo.name);
  try {
    const { error, predictions } = await (await fetch("predict", { method: "POST", body: form })).json();
    if (error) return refusal(error.startsWith(photo.name) ? error : `${photo.name}: ${error}`);
    return card(photo, predictions[0]);
  } catch {
    return refusal(`${photo.name}: the server gave no answer: try again.`);
  }
}

const state = find("state"), results = find("results");
let batch = 0;
async function show(files) {
  const photos = [...files], mine = ++batch;
  if (!photos.length) return;
  results.replaceChildren();
  for (const [i, photo] of photos.entries()) {
    state.textContent = photos.length > 1 ? `Photo ${i + 1} of ${photos.length} …` : "Predicting …";
    const made = await answered(photo);
    if (mine !== batch) return; // others were chosen meanwhile
    results.append(made);
  }
  state.textContent = photos.length > 1 ? `${photos.length} photos are answered.` : "Ready.";
}

takePhotos(show);
