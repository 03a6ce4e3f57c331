// The console: an ordinary client of the API and the hub.

import { find } from "./dom.js";
import { openDocuments } from "./documents.js";
import { openAlerts, openHealth, openNotices } from "./feed.js";
import { openLive } from "./live.js";

const documents = openDocuments(() => live);
const live = openLive({
  ReceiveProcessingUpdate: documents.update,
  ReceiveComplianceAlert: openAlerts(),
  ReceiveServiceNotification: openNotices(),
  ReceiveHealthUpdate: openHealth(),
}, documents.refresh);
documents.refresh();

const picker = find("files");
picker.addEventListener("change", () => {
  documents.upload(picker.files);
  picker.value = ""; // so that the same file can be chosen again
});

// Files may be dropped anywhere; elsewhere the browser would leave the page.
const drop = find("drop");
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0; // dragenter and dragleave come for every element under the pointer

addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  depth++;
  drop.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (carriesFiles(event) && --depth <= 0) rest();
});
addEventListener("dragover", (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  rest();
  documents.upload(event.dataTransfer.files);
});

function rest() {
  depth = 0;
  drop.classList.remove("over");
}
