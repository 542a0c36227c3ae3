// A server made with Node's ws, which writes down what it receives.
//
// chaos_server.js PORT FILE [--answer]
//
// Each message "LIFE NUMBER …" becomes a line "CONNECTION LIFE NUMBER SIZE" of
// FILE, in its handler, and so before the PONG to any PING behind it. With
// --answer, those that came together are written together, and then the last
// of each connection is answered with "LIFE NUMBER". What was written survives
// a kill -9. Prints "listening PORT".
'use strict';
const fs = require('fs');
const { WebSocketServer, Server } = require('ws');

const port = Number(process.argv[2]);
const file = fs.openSync(process.argv[3], 'a');
const answers = process.argv[4] === '--answer';
let connections = 0;
let lines = '';
const last = new Map();

function writeAndAnswer() {
  fs.writeSync(file, lines);
  lines = '';
  for (const [socket, head] of last) {
    socket.send(head);
  }
  last.clear();
}

const Sockets = WebSocketServer || Server;
new Sockets({ port, host: '127.0.0.1' }).on('connection', (socket) => {
  const connection = connections++;
  socket.on('error', () => {});
  socket.on('message', (message) => {
    const text = message.toString('latin1');
    const head = text.slice(0, text.lastIndexOf(' '));
    const line = `${connection} ${head} ${text.length}\n`;
    if (!answers) {
      fs.writeSync(file, line);
      return;
    }
    if (lines === '') {
      setImmediate(writeAndAnswer);
    }
    lines += line;
    last.set(socket, head);
  });
}).on('listening', function () {
  console.log('listening ' + this.address().port);
});
