// Uploads: a few at a time, each with its own progress.

const atOnce = 3;
const waiting = [];
let running = 0;

/**
 * Queues a file. on.progress(fraction), then one of on.done(document),
 * on.refused(reason) or on.cancelled(). Returns a function that cancels.
 */
export function upload(file, on) {
  const job = { file, on, cancelled: false, request: null };
  waiting.push(job);
  next();
  return () => cancel(job);
}

function cancel(job) {
  job.cancelled = true;
  const index = waiting.indexOf(job);
  if (index >= 0) {
    waiting.splice(index, 1);
    job.on.cancelled();
  } else {
    job.request?.abort();
  }
}

function next() {
  while (running < atOnce && waiting.length > 0) send(waiting.shift());
}

// fetch cannot tell how much of a body is sent.
function send(job) {
  running++;
  const request = new XMLHttpRequest();
  job.request = request;
  request.open("POST", `api/documents?name=${encodeURIComponent(job.file.name)}`);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.onprogress = (event) => {
    if (event.lengthComputable && event.total > 0) job.on.progress(event.loaded / event.total);
  };
  request.onload = () => settle(job);
  request.onerror = () => job.on.refused("The connection to the server was lost.");
  request.onabort = () => job.on.cancelled();
  request.onloadend = () => {
    running--;
    next();
  };
  request.send(job.file);
}

function settle(job) {
  const answer = parse(job.request.responseText);
  if (job.request.status === 201 && answer?.id) {
    job.on.done(answer);
  } else {
    job.on.refused(problem(answer, job.request.status, job.request.statusText));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The text of a problem document, or of the status if the answer is none. */
export function problem(answer, status, statusText) {
  return answer?.detail || answer?.title || `The server answered ${status} ${statusText}`.trim() + ".";
}
