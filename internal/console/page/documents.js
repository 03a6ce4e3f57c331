// The documents: one card each, from the upload's first byte to the findings.

import { announce, element, find, foreign, level, plain, show, size, time } from "./dom.js";
import { problem, upload } from "./upload.js";

const words = {
  queued: "Queued",
  started: "Started",
  processing: "Processing",
  completed: "Completed",
  failed: "Failed",
};
const kinds = {
  "application/pdf": "PDF",
  "application/json": "JSON",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
  "text/csv": "CSV",
  "text/html": "HTML",
  "text/markdown": "Markdown",
  "text/plain": "Text",
};
const kindOf = (mediaType) => {
  const bare = mediaType.split(";")[0];
  return kinds[bare] ?? bare;
};
const isOver = (status) => status === "completed" || status === "failed";

/** Shows the documents, and keeps up with those under way through live. */
export function openDocuments(live) {
  const list = find("documents");
  const cards = new Map(); // by document id

  function count() {
    show(find("documents-count"), list.childElementCount ? String(list.childElementCount) : "");
    find("documents-empty").hidden = list.childElementCount > 0;
  }

  /** The card of a document. adopted is the card of its upload, if it has one. */
  function cardOf(id, adopted) {
    let card = cards.get(id);
    if (card && adopted) {
      adopted.root.replaceWith(card.root);
    } else if (!card) {
      card = adopted ?? new Card();
      cards.set(id, card);
      card.id = id;
    }
    return card;
  }

  async function follow(card) {
    if (isOver(card.status) || !live().isOpen()) return;
    try {
      await live().call("SubscribeToDocument", card.id);
    } catch (error) {
      if (live().isOpen()) card.note(`No live updates: ${error.message}`);
    }
  }

  /** Reads a document again: updates do not carry what was found in it. */
  async function reload(card) {
    try {
      card.fill(await get(`api/documents/${encodeURIComponent(card.id)}`));
    } catch (error) {
      card.note(error.message);
    }
  }

  function add(file) {
    const card = new Card();
    list.prepend(card.root);
    const cancel = upload(file, {
      progress: (fraction) => card.sent(fraction),
      done(record) {
        const kept = cardOf(record.id, card);
        kept.arrived();
        kept.fill(record);
        follow(kept);
        count();
      },
      refused(reason) {
        card.refused(reason);
        announce(`${card.name} was refused: ${reason}`);
      },
      cancelled() {
        card.root.remove();
        count();
      },
    });
    card.uploading(file, cancel, () => {
      card.root.remove();
      count();
    });
    count();
  }

  return {
    /** Uploads files. */
    upload: (files) => [...files].forEach(add),

    /** Reads the newest documents, and follows all that are under way. */
    async refresh() {
      try {
        const { items } = await get("api/documents");
        for (const record of [...items].reverse()) {
          const card = cardOf(record.id);
          if (!card.root.isConnected) list.prepend(card.root);
          card.fill(record);
        }
        show(find("documents-problem"), "");
      } catch (error) {
        show(find("documents-problem"), `The list of documents is not available: ${error.message}`);
      }
      count();
      cards.forEach(follow);
    },

    /** An update of the hub. */
    update(id, status, percentage) {
      const card = cards.get(id);
      if (!card) return;
      const before = card.status;
      card.advance(status, percentage);
      if (!isOver(status) || isOver(before)) return;
      announce(`${card.name}: ${words[status]}`);
      reload(card);
      if (live().isOpen()) live().call("UnsubscribeFromDocument", id).catch(() => {});
    },
  };
}

async function get(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  const answer = await response.json().catch(() => null);
  if (!response.ok || !answer) throw new Error(problem(answer, response.status, response.statusText));
  return answer;
}

class Card {
  constructor() {
    this.id = "";
    this.name = "";
    this.status = "";
    this.title = element("h3");
    this.badge = element("span", { class: "badge" });
    this.facts = element("p", { class: "facts" });
    this.bars = element("div", { class: "bars" });
    this.message = element("p", { class: "problem", hidden: "" });
    this.findings = element("div");
    this.button = element("button", { type: "button", class: "quiet", hidden: "" });
    this.root = element("li", { class: "card" },
      element("div", { class: "head" }, this.title, this.badge, this.button),
      this.facts, this.bars, this.message, this.findings);
    this.sending = new Bar("Upload");
    this.working = new Bar("Processing");
  }

  rename(name) {
    this.name = plain(name);
    this.title.replaceChildren(foreign(name));
    this.sending.of(this.name);
    this.working.of(this.name);
  }

  uploading(file, cancel, dismiss) {
    this.rename(file.name);
    this.mark("uploading", "Uploading");
    this.facts.replaceChildren(size(file.size));
    this.bars.replaceChildren(this.sending.root);
    this.act("Cancel", cancel);
    this.dismiss = dismiss;
  }

  sent(fraction) {
    this.sending.set(Math.floor(fraction * 100));
  }

  arrived() {
    this.sending.set(100);
    this.act("");
  }

  refused(reason) {
    this.mark("failed", "Refused");
    this.bars.replaceChildren();
    show(this.message, reason);
    this.act("Dismiss", this.dismiss);
  }

  act(label, action) {
    show(this.button, label);
    this.button.onclick = action ?? null;
    if (label) this.button.setAttribute("aria-label", `${label} ${this.name}`);
  }

  mark(status, label) {
    this.root.dataset.status = status;
    this.badge.textContent = label;
  }

  note(text) {
    show(this.message, text);
  }

  /** Takes over a document as the API gives it. */
  fill(record) {
    this.rename(record.name);
    this.advance(record.status, record.percentage);
    const facts = [size(record.size)];
    if (record.mediaType) facts.push(kindOf(record.mediaType));
    if (record.pages > 0) facts.push(`${record.pages.toLocaleString()} ${record.pages === 1 ? "page" : "pages"}`);
    if (record.words > 0) facts.push(`${record.words.toLocaleString()} ${record.words === 1 ? "word" : "words"}`);
    if (record.attempt > 1) facts.push(`attempt ${record.attempt}`);
    this.facts.replaceChildren(facts.join(" · ") + " · ", time(new Date(record.createdAt)));
    show(this.message, record.error ? record.error.message || record.error.code : "");
    this.findings.replaceChildren(...findingsOf(record.findings ?? []));
  }

  advance(status, percentage) {
    this.status = status;
    this.mark(status, words[status] ?? status);
    this.working.set(percentage);
    this.working.call(status === "failed" ? "Reached" : "Processing");
    this.bars.replaceChildren(...(status === "completed" ? [] : [this.working.root]));
  }
}

class Bar {
  constructor(label) {
    this.label = label;
    this.what = element("span", { class: "what" }, label);
    this.progress = element("progress", { max: "100", value: "0" });
    this.text = element("span", { class: "percent" }, "0 %");
    this.root = element("div", { class: "progress", "data-kind": label.toLowerCase() },
      this.what, this.progress, this.text);
  }

  call(label) {
    this.what.textContent = label;
  }

  of(name) {
    this.progress.setAttribute("aria-label", `${this.label} of ${name}`);
  }

  set(percentage) {
    this.progress.value = percentage;
    this.text.textContent = `${percentage} %`;
  }
}

function findingsOf(findings) {
  if (findings.length === 0) return [];
  const total = findings.reduce((sum, finding) => sum + finding.count, 0);
  const rows = [...findings].sort((a, b) => b.severity - a.severity).map((finding) =>
    element("li", { "data-level": level(finding.severity) },
      element("span", { class: "severity", title: `Severity ${finding.severity} of 10` }, String(finding.severity)),
      element("span", { class: "rule" }, foreign(finding.framework), " · ", foreign(finding.rule.replaceAll("_", " "))),
      element("span", { class: "times" }, `${finding.count} ×`),
      element("code", {}, foreign((finding.samples ?? []).slice(0, 3).join("  ")))));
  return [element("details", { class: "findings" },
    element("summary", {}, `${total.toLocaleString()} ${total === 1 ? "finding" : "findings"}`),
    element("ul", {}, ...rows))];
}
