// A server made with Node's ws.
//
// node_server.js PORT [--write FILE] [--tls CERT KEY]
//
// Echoes; with --write, writes each message as a line of FILE instead, in its
// handler. What was written survives a kill -9. Prints "listening PORT".
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const { WebSocketServer, Server } = require('ws');

const words = process.argv.slice(2);
const port = Number(words.shift());
let file = -1;
let server = null;
while (words.length > 0) {
  const word = words.shift();
  if (word === '--write') {
    file = fs.openSync(words.shift(), 'a');
  } else if (word === '--tls') {
    const cert = fs.readFileSync(words.shift());
    const key = fs.readFileSync(words.shift());
    server = https.createServer({ cert, key });
  }
}
server = server || http.createServer();

const Sockets = WebSocketServer || Server;
new Sockets({ server, maxPayload: 0 }).on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (message, isBinary) => {
    if (file >= 0) {
      fs.writeSync(file, message.toString() + '\n');
    } else {
      const binary = isBinary === undefined ? typeof message !== 'string'
                                            : isBinary;
      socket.send(message, { binary });
    }
  });
});
server.listen(port, '127.0.0.1', () => {
  console.log('listening ' + server.address().port);
});
