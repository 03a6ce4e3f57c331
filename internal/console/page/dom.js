// The only place that makes elements. Data becomes text nodes and attributes,
// never markup.

/** Makes an element: element("p", {class: "note"}, "text", child, …). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Control characters, and those that change the direction of what follows: with
// them "gnp.exe" can be made to look like "exe.png".
const deceptive = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** A stranger's text, without what deceives the eye. */
export const plain = (text) => String(text).replace(deceptive, "\uFFFD");

/** The same as an element that does not turn its surroundings around. */
export const foreign = (text) => element("bdi", {}, plain(text));

export const find = (id) => document.getElementById(id);

/** Shows text in an element, or hides the element if there is none. */
export function show(target, text) {
  target.textContent = text ?? "";
  target.hidden = !text;
}

/** Says something to those who do not see the page. */
export function announce(text) {
  find("announcer").textContent = text;
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A point in time: the clock if it is today, else with the date. */
export function time(date) {
  if (Number.isNaN(date.getTime())) return element("span");
  const today = date.toDateString() === new Date().toDateString();
  const text = (today ? clock : calendar).format(date);
  return element("time", { datetime: date.toISOString(), title: date.toLocaleString() }, text);
}

/** A size in bytes, as people write it. */
export function size(bytes) {
  let value = bytes;
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (value < 1000 || unit === "GB") return `${value < 10 && unit !== "B" ? value.toFixed(1) : Math.round(value)} ${unit}`;
    value /= 1000;
  }
  return "";
}

/** How bad a severity of 1 to 10 is. */
export function level(severity) {
  if (severity >= 8) return "high";
  return severity >= 5 ? "middle" : "low";
}
