// The connection to the hub: it is made again for as long as the page is open.

import { find } from "./dom.js";

const labels = {
  connecting: "Connecting",
  connected: "Live",
  reconnecting: "Reconnecting",
  disconnected: "Disconnected",
};

/** 1, 2, 4 … 30 seconds, each up to a half shorter, so that not all pages come back at once. */
function delayAfter(failures) {
  const seconds = Math.min(30, 2 ** Math.min(failures, 5));
  return seconds * 1000 * (1 - Math.random() / 2);
}

/**
 * Connects to the hub. handlers are its callbacks by name; connected is called
 * after every new connection, since subscriptions do not survive the old one.
 */
export function openLive(handlers, connected) {
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(new URL("aspire-realtime", document.baseURI).href)
    .withAutomaticReconnect({
      nextRetryDelayInMilliseconds: (retry) => delayAfter(retry.previousRetryCount),
    })
    .configureLogging(signalR.LogLevel.Warning)
    .build();
  for (const [name, handler] of Object.entries(handlers)) connection.on(name, handler);
  connection.onreconnecting(() => state("reconnecting"));
  connection.onreconnected(() => begin(connected));
  connection.onclose(() => {
    state("disconnected");
    retry(0);
  });

  // Automatic reconnect covers lost connections only, not the first one, and
  // not those that the server has closed for good.
  async function start(failures) {
    try {
      await connection.start();
    } catch {
      state("disconnected");
      retry(failures + 1);
      return;
    }
    begin(connected);
  }
  const retry = (failures) => setTimeout(() => start(failures), delayAfter(failures));

  start(0);
  return {
    /** Calls a method of the hub; fails if there is no connection. */
    call: (method, ...args) => connection.invoke(method, ...args),
    isOpen: () => connection.state === signalR.HubConnectionState.Connected,
  };
}

function begin(connected) {
  state("connected");
  connected();
}

function state(name) {
  const shown = find("connection");
  if (shown.dataset.state === name) return;
  shown.dataset.state = name;
  shown.textContent = labels[name];
}
