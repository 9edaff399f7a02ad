#!/usr/bin/env node
// Appends every event to a file as one line of JSON: json-lines.js FILE
//
//   {"time":"2026-11-22T10:52:35.918Z","event":"TICK_5","serial":21,"when":"1795344755"}
//
// What follows the first line of a payload (the text of PROCESS_LOG, say) becomes "data".
"use strict";
const fs = require("fs");

const file = process.argv[2];
if (!file) {
  console.error("usage: json-lines.js FILE");
  process.exit(2);
}

const tokens = (line) =>
  Object.fromEntries(
    line.split(/\s+/).filter((word) => word.includes(":")).map((word) => {
      const colon = word.indexOf(":");
      return [word.slice(0, colon), word.slice(colon + 1)];
    }),
  );

function record({ eventname, serial }, payload) {
  const newline = payload.indexOf("\n");
  const head = newline < 0 ? payload : payload.slice(0, newline);
  const entry = { time: new Date().toISOString(), event: eventname, serial: Number(serial), ...tokens(head) };
  if (newline >= 0 && newline + 1 < payload.length) entry.data = payload.slice(newline + 1);
  fs.appendFileSync(file, JSON.stringify(entry) + "\n");
}

// Where the first `count` characters of a text end. len counts code points, a string's length does not: a character
// beyond U+FFFF has two units. -1 if the text is shorter.
function end(text, count) {
  let at = 0;
  for (; count > 0 && at < text.length; count--) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return count > 0 ? -1 : at;
}

// setEncoding joins characters that were cut in two by a read.
process.stdin.setEncoding("utf8");
let buffer = "";
let header = null;
process.stdin.on("data", (chunk) => {
  buffer += chunk;
  if (!header) {
    const newline = buffer.indexOf("\n");
    if (newline < 0) return;
    header = tokens(buffer.slice(0, newline));
    buffer = buffer.slice(newline + 1);
  }
  const at = buffer.length < header.len ? -1 : end(buffer, Number(header.len));
  if (at < 0) return;
  record(header, buffer.slice(0, at));
  buffer = buffer.slice(at);
  header = null;
  process.stdout.write("RESULT 2\nOKREADY\n");
});
process.stdout.write("READY\n");
