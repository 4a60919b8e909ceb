// The page: it unpacks the model once, then answers every photo that is chosen, dropped, pasted or taken.

const about = JSON.parse(find("about").textContent);

function unbase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

// What the page carries under a name, unpacked. planes: into how many the bytes were sorted, which packs tighter.
async function packed(name, planes = 1) {
  const holder = find(name), bytes = unbase64(holder.textContent.trim());
  holder.remove(); // its text is not needed any more
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const found = new Uint8Array(await new Response(stream).arrayBuffer());
  if (planes === 1) return found;
  const sorted = new Uint8Array(found.length);
  for (let plane = 0, from = 0; plane < planes; plane++) {
    for (let at = plane; at < found.length; at += planes) sorted[at] = found[from++];
  }
  return sorted;
}

async function load() {
  if (typeof DecompressionStream === "undefined" || typeof WebAssembly === "undefined") {
    throw new Error("This browser is too old for the page: it needs one of 2023 or later.");
  }
  const address = URL.createObjectURL(new Blob([await packed("runtime")], { type: "text/javascript" }));
  const ort = await import(address);
  URL.revokeObjectURL(address);
  Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: (await packed("wasm")).buffer });
  ort.env.logLevel = "error";
  const model = await packed("model", Number(find("model").dataset.planes));
  return { ort, session: await ort.InferenceSession.create(model, { executionProviders: ["wasm"] }) };
}

async function classify(blob, { ort, session }) {
  const { input } = about, picture = await decode(blob, input.stored_side), seen = square(picture, input);
  if (picture.deep && input.white) seen.pixels = seen.pixels.map((tone) => tone / input.white);
  const start = performance.now();
  const image = new ort.Tensor("uint8", new Uint8Array(seen.pixels), [1, input.size, input.size, 3]);
  const { logits } = await session.run({ image }, ["logits"]);
  return { seen, ms: performance.now() - start, unlike: unlike(logits.data, about), members: members(logits.data, about), ...answer(logits.data, about) };
}

function drawn({ width, height, pixels }, name) {
  const canvas = element("canvas", { width, height }), image = new ImageData(width, height);
  for (let i = 0, at = 0; i < pixels.length; i += 3, at += 4) image.data.set([pixels[i], pixels[i + 1], pixels[i + 2], 255], at);
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.className = width < 100 ? "sharp" : "";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `What the network sees of ${name}`);
  return element("figure", {}, canvas, element("figcaption", { textContent: "What the network sees" }));
}

function list(top) {
  return element("ol", { className: "top" }, ...top.map(({ label, probability, threshold }) => {
    const counts = threshold !== undefined && probability >= threshold;
    const row = element("li", {},
      element("span", { className: "label", textContent: label }), " ",
      element("span", { className: "probability", textContent: percent(probability) }));
    if (threshold !== undefined) {
      row.append(" ", element("span", { className: "threshold",
        textContent: `${counts ? "✓ present" : "not present"}, from ${percent(threshold)} on` }));
    }
    row.append(bar(probability));
    return row;
  }));
}

function card(name, found) {
  const words = element("div", { className: "words" }, element("h3", { textContent: name }));
  if (found.unlike) words.append(element("p", { className: "unlike", textContent: found.unlike, title: about.unknown.basis }));
  if (found.labels) {
    const present = found.labels.length ? found.labels.join(", ") : "none reaches its threshold";
    words.append(element("p", { className: "present", textContent: `Labels: ${present}` }));
  }
  if (found.path) {
    const path = found.path.map(({ label, probability }) => `${label} ${percent(probability)}`).join(" › ");
    words.append(element("p", { className: "present", textContent: `Path: ${path}` }));
  }
  if (found.members) {
    const share = `${Number((100 * about.sets.coverage).toPrecision(3))}%`, { kind } = about.task;
    words.append(element("p", { className: "present set",
      textContent: `${share} set: ${found.members.join(", ") || "none of the classes"}`,
      title: `In ${share} of pictures like those of validation, the set includes ${kind === "multi-label" ? "every label" : "the class"}.` }));
  }
  for (const { name: level, top } of found.levels) {
    if (found.levels.length > 1) words.append(element("h4", { textContent: level }));
    words.append(list(top));
  }
  words.append(element("p", { className: "quiet", textContent: `Answered in ${found.ms.toFixed(0)} ms, in this browser.` }));
  return element("article", {}, drawn(found.seen, name), words);
}

function refusal(name, error) {
  const reason = error instanceof Refused ? `${name} ${error.message}.` : `${name}: ${error.message}`;
  return element("article", { className: "refused" }, element("p", { textContent: reason }));
}

const state = find("state"), results = find("results");
const model = load();
model.then(
  () => { state.textContent = "Ready."; document.documentElement.dataset.state = "ready"; },
  (error) => { state.textContent = error.message; document.documentElement.dataset.state = "failed"; },
);

let batch = 0;
async function show(files) {
  const photos = [...files], mine = ++batch;
  if (!photos.length) return;
  let loaded;
  try {
    loaded = await model;
  } catch {
    return; // the state line says why
  }
  if (mine !== batch) return; // others were chosen meanwhile
  results.replaceChildren();
  results.setAttribute("aria-busy", "true");
  for (const [i, photo] of photos.entries()) {
    state.textContent = photos.length > 1 ? `Photo ${i + 1} of ${photos.length} …` : "Classifying …";
    await new Promise((painted) => setTimeout(painted)); // so that the line above is seen
    const name = photo.name || "Photo";
    let made;
    try {
      made = card(name, await classify(photo, loaded));
    } catch (error) {
      made = refusal(name, error);
    }
    if (mine !== batch) return;
    results.append(made);
  }
  results.removeAttribute("aria-busy");
  state.textContent = photos.length > 1 ? `${photos.length} photos are classified.` : "Ready.";
}

takePhotos(show);

const camera = find("camera"), view = find("view"), video = view.querySelector("video");
function stop() {
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
  view.hidden = true;
  camera.hidden = false;
}
if (navigator.mediaDevices?.getUserMedia) {
  camera.hidden = false;
  camera.addEventListener("click", async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      await video.play();
      [view.hidden, camera.hidden] = [false, true];
      find("take").focus();
    } catch (error) {
      stop();
      state.textContent = error.name === "NotFoundError" ? "There is no camera here." : "The browser did not open the camera: allow it, or choose a photo.";
    }
  });
  find("take").addEventListener("click", () => {
    const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    stop();
    canvas.toBlob((blob) => show([new File([blob], "Camera", { type: "image/png" })]), "image/png");
  });
  find("close").addEventListener("click", stop);
}

find("classes").addEventListener("toggle", () => { // a thousand names are written when they are asked for
  const holder = find("names");
  if (holder.childElementCount) return;
  for (const { name, classes } of about.task.levels) {
    if (about.task.levels.length > 1) holder.append(element("h4", { textContent: name }));
    holder.append(element("p", { textContent: classes.join(", ") }));
  }
});
