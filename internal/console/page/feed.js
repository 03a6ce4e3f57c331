// What the hub tells besides documents: alerts, notices, health.

import { element, find, foreign, level, show, time } from "./dom.js";

const kept = 200; // entries per list; a page may be open for weeks

/** A list, newest first, with a count of all that ever came. */
function openFeed(name) {
  let total = 0;
  const list = find(name);
  return (entry) => {
    list.prepend(entry);
    if (list.childElementCount > kept) list.lastElementChild.remove();
    total++;
    show(find(`${name}-count`), total.toLocaleString());
    find(`${name}-empty`).hidden = true;
  };
}

export function openAlerts() {
  const add = openFeed("alerts");
  return (framework, message, severity) => add(element("li", { "data-level": level(severity) },
    element("div", { class: "head" },
      element("span", { class: "severity", title: `Severity ${severity} of 10` }, String(severity)),
      element("strong", {}, foreign(framework)),
      time(new Date())),
    element("p", {}, foreign(message))));
}

export function openNotices() {
  const add = openFeed("notices");
  return (service, message, type) => add(element("li", {},
    element("div", { class: "head" }, element("strong", {}, foreign(service)), element("span", { class: "type" }, foreign(type)), time(new Date())),
    element("p", {}, foreign(message))));
}

export function openHealth() {
  const services = new Map(); // the last line of each service
  return (service, status, metrics) => {
    services.set(service, element("span", { class: "service", "data-health": status },
      foreign(service), " ", element("b", {}, foreign(status)), numbers(metrics)));
    find("health").replaceChildren(...services.values());
  };
}

function numbers(metrics) {
  const parts = [];
  if (Number.isFinite(metrics?.active_connections)) parts.push(`${metrics.active_connections.toLocaleString()} connected`);
  if (Number.isFinite(metrics?.memory_usage_mb)) parts.push(`${Math.round(metrics.memory_usage_mb).toLocaleString()} MB`);
  if (Number.isFinite(metrics?.cpu_usage)) parts.push(`CPU ${Math.round(metrics.cpu_usage)} %`);
  return parts.length ? ` · ${parts.join(" · ")}` : "";
}
