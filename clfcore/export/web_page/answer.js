// Logits -> what they mean, as `predict --calibrated` reads them: a softmax a level, or a sigmoid a label.

function softmax(values) {
  const top = Math.max(...values), powers = values.map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function parted(values, levels) {
  let start = 0;
  return levels.map(({ classes }) => values.slice(start, (start += classes.length)));
}

// Of each real path the sum of its levels' log-probabilities.
function pathScores(levels, paths) {
  const logs = levels.map((level) => softmax(level).map((p) => Math.log(Math.max(p, 1e-300))));
  return paths.map((path) => path.reduce((sum, place, i) => sum + logs[i][place], 0));
}

// Logits of each level that keep to real paths, where the model is read so.
function onPaths(levels, paths, how) {
  if (how === "path") {
    const scores = pathScores(levels, paths), least = Math.min(...scores) - 20, best = paths[scores.indexOf(Math.max(...scores))];
    return levels.map((level, i) => {
      const found = level.map(() => least);
      paths.forEach((path, k) => { found[path[i]] = Math.max(found[path[i]], scores[k]); });
      found[best[i]] += 1e-9; // of equal paths the first
      return found;
    });
  }
  const finest = softmax(levels.at(-1)), parents = paths.map((path) => path.at(-1));
  return levels.map((level, i) => {
    const sums = level.map(() => 0);
    for (const path of paths) {
      sums[path[i]] += finest[path.at(-1)] / parents.filter((place) => place === path.at(-1)).length;
    }
    return sums.map((p) => Math.log(Math.max(p, 1e-12)));
  });
}

function ranked(probabilities, classes, most, thresholds) {
  return probabilities
    .map((probability, i) => ({ label: classes[i], probability, threshold: thresholds?.[i] }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, most);
}

// What is said before the classes where the free energy of the finest level passes the run's threshold; else nothing.
export function unlike(logits, { task, unknown }) {
  if (!unknown) return "";
  const x = parted(Array.from(logits, Number), task.levels).at(-1), top = Math.max(...x);
  const value = task.kind === "multi-label"
    ? -x.reduce((sum, one) => sum + Math.max(one, 0) + Math.log1p(Math.exp(-Math.abs(one))), 0)
    : -(top + Math.log(x.reduce((sum, one) => sum + Math.exp(one - top), 0)));
  return value > unknown.threshold ? unknown.message : "";
}

// The prediction set: the classes that reach the run's threshold before the temperature, the likeliest first.
export function members(logits, { task, decoding, sets }) {
  if (!sets) return null;
  const values = Array.from(logits, Number), { levels, kind } = task, own = parted(values, levels);
  const at = levels.findIndex(({ name }) => name === sets.level), { classes } = levels[at];
  const p = kind === "multi-label"
    ? values.map((value) => 1 / (1 + Math.exp(-value)))
    : softmax((decoding === "levels" ? own : onPaths(own, task.paths, decoding))[at]);
  return ranked(p, classes, classes.length).filter(({ probability }) => probability >= sets.threshold - 1e-6).map(({ label }) => label);
}

// {levels: [{name, top}], path: [{label, probability}], labels}: of several labels those that reach their threshold.
export function answer(logits, { task, decoding, temperature, thresholds }, most = 5) {
  const values = Array.from(logits, Number), { levels, kind } = task;
  if (!values.every(Number.isFinite)) throw new Error("The model answers this picture with NaN or infinity: it is damaged.");
  if (kind === "multi-label") {
    const p = values.map((value) => 1 / (1 + Math.exp(-value / temperature))), classes = levels[0].classes;
    return {
      levels: [{ name: levels[0].name, top: ranked(p, classes, most, thresholds) }],
      labels: classes.filter((_, i) => p[i] >= thresholds[i]),
    };
  }
  const own = parted(values, levels), read = decoding === "levels" ? own : onPaths(own, task.paths, decoding);
  const found = levels.map(({ name, classes }, i) => ({
    name, top: ranked(softmax(read[i].map((value) => value / temperature)), classes, most),
  }));
  if (kind !== "hierarchical" || !task.paths.length) return { levels: found };
  const p = softmax(pathScores(own.map((level) => level.map((value) => value / temperature)), task.paths));
  const best = task.paths[p.indexOf(Math.max(...p))];
  const path = best.map((place, i) => ({
    label: levels[i].classes[place],
    probability: task.paths.reduce((sum, one, k) => sum + (best.slice(0, i + 1).every((at, j) => one[j] === at) ? p[k] : 0), 0),
  }));
  return { levels: found, path };
}
