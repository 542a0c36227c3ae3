#!/usr/bin/env node
// ws_node.js - a peer of the benchmark: Node with ws, called as job.h says.
"use strict";

const WebSocket = require("ws");

const [work, url, ...words] = process.argv.slice(2);
const after = (flag) => Number(words[words.indexOf(flag) + 1]);
const size = after("--size");
const count = after("--count");
const payload = Buffer.alloc(size);
const ROOM = 1 << 20; // bytes that wait to be written, before it waits too
const laps = [];
let began;

function fail(why) {
  console.error(`${url}: ${why}`);
  process.exit(1);
}

function report() {
  const secs = Number(process.hrtime.bigint() - began) / 1e9;
  const sorted = Float64Array.from(laps).sort();
  const part = (p) => sorted.length === 0
    ? 0 : sorted[Math.floor((sorted.length - 1) * p)];
  console.log(JSON.stringify({ work, size, count, rate: count / secs,
    p50_us: part(0.5), p99_us: part(0.99), secs }));
  process.exit(0);
}

function roundTrips(socket) {
  let lap;
  const next = () => {
    lap = process.hrtime.bigint();
    socket.send(payload);
  };
  socket.on("message", () => {
    laps.push(Number(process.hrtime.bigint() - lap) / 1e3);
    if (laps.length === count) report();
    else next();
  });
  next();
}

function publish(socket) {
  let sent = 0;
  const some = () => {
    while (sent < count) {
      if (socket.bufferedAmount > ROOM) {
        setImmediate(some);
        return;
      }
      socket.send(payload);
      sent += 1;
    }
    socket.send("?");
  };
  socket.on("message", (data) => {
    if (Number(data.toString()) !== count) {
      fail(`the server counted ${data} messages, not ${count}`);
    }
    report();
  });
  some();
}

function subscribe(socket) {
  let got = 0;
  socket.on("message", () => {
    got += 1;
    if (got === count) report();
  });
  socket.send(`go ${count} ${size}`);
}

const deeds = { rtt: roundTrips, pub: publish, sub: subscribe };
const socket = new WebSocket(url, { perMessageDeflate: false });
socket.on("error", (error) => fail(error.message));
socket.on("close", () => fail("the connection was lost"));
socket.on("open", () => {
  began = process.hrtime.bigint();
  deeds[work](socket);
});
