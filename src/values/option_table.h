// option_table.h - every option there is; the one place where they are listed.
//
// HW_OPTION(scope, field, name, type, default, range, sentence). The range is
// "low..high", the choices "a|b|c", or "" where anything goes; a word before a
// comma, as in "off, 1ms..1h", is allowed too and reads as -1. docs/options.md
// is printed from this table.
#ifndef HW_OPTION_TABLE_H
#define HW_OPTION_TABLE_H

// clang-format off
#define HW_OPTION_TABLE(X) \
    X(bus,  threads, "threads", integer, "1", "0..64", \
      "loops of the bus, with a thread each, over which its links are spread; 0 runs one on the caller's thread") \
    X(bus,  spin, "spin", integer, "0", "0..1000000", \
      "microseconds without news that loops, and whoever waits in a call, look for more before they sleep: CPU for latency") \
    X(bus,  links_max, "bus.links_max", integer, "65536", "1..1000000", \
      "links that may be open on the bus at once") \
    X(bus,  inboxes_max, "bus.inboxes_max", integer, "8", "1..64", \
      "inboxes that may be open on the bus at once") \
    X(bus,  dials_per_second, "bus.dials_per_second", integer, "1000", "off, 1..1000000", \
      "dials a second over all links of the bus; a link that is held back waits its turn") \
    X(bus,  dials_burst, "bus.dials_burst", integer, "100", "1..1000000", \
      "dials that may begin at once after a pause, with bus.dials_per_second") \
    X(bus,  random_seed, "random.seed", integer, "off", "off, 0..9007199254740991", \
      "seed of the backoff's jitter, for repeatable runs; off takes one from the system") \
    X(bus,  transport_load, "transport.load", text, "", "", \
      "shared objects with transports to load, as PATH,PATH; for the whole process") \
    X(link, dial_timeout, "dial.timeout", duration, "10s", "1ms..1h", \
      "time for a whole dial: resolving, connecting, TLS, proxy, upgrade") \
    X(link, dial_ask, "dial.ask", toggle, "off", "off|on", \
      "ask the application for fresh headers before each attempt (ASK event)") \
    X(link, attempts_max, "attempts.max", integer, "unlimited", "unlimited, 1..1000000", \
      "dials since the last stable connection after which the link FAILED") \
    X(link, endpoints_prefer, "endpoints.prefer", choice, "none", "none|first", \
      "first: the first endpoint is tried before the others, and gone back to from another") \
    X(link, endpoints_prefer_after, "endpoints.prefer_after", duration, "5m", "1ms..24h", \
      "time UP on another endpoint after which the link goes back to the first, with endpoints.prefer=first") \
    X(link, backoff_min, "backoff.min", duration, "100ms", "1ms..1h", \
      "first wait after a loss or a failed dial") \
    X(link, backoff_max, "backoff.max", duration, "30s", "1ms..24h", \
      "longest wait; what a peer asks for (Retry-After) may be longer") \
    X(link, backoff_factor, "backoff.factor", real, "2", "1..100", \
      "how much longer each wait is than the one before; 1 keeps it fixed") \
    X(link, backoff_jitter, "backoff.jitter", choice, "equal", "none|proportional|equal|full|decorrelated", \
      "how waits are spread, so that clients do not return all at once") \
    X(link, stable_after, "stable.after", duration, "10s", "0ms..1h", \
      "time UP after which the attempts before are forgotten") \
    X(link, greeting, "greeting", choice, "none", "none|application", \
      "application: the link waits in GREETING for hawser_link_ready") \
    X(link, greeting_timeout, "greeting.timeout", duration, "10s", "1ms..1h", \
      "time for the whole greeting") \
    X(link, heartbeat_interval, "heartbeat.interval", duration, "15s", "off, 1ms..24h", \
      "how often a peer is asked whether it lives") \
    X(link, heartbeat_timeout, "heartbeat.timeout", duration, "10s", "1ms..24h", \
      "time without any sign of life, once asked, after which it is lost") \
    X(link, ping_message, "ping.message", text, "", "", \
      "a text message of your own to send every ping.interval, such as {\"op\":\"ping\"}") \
    X(link, ping_interval, "ping.interval", duration, "15s", "1ms..24h", \
      "how often ping.message is sent") \
    X(link, idle_timeout, "idle.timeout", duration, "off", "off, 1ms..24h", \
      "time without anything from the peer after which it is lost") \
    X(link, write_timeout, "write.timeout", duration, "30s", "off, 1ms..24h", \
      "time that a write may make no progress before the peer is lost") \
    X(link, confirm, "confirm", choice, "none", "none|peer|application", \
      "when a message is settled: taken by the transport, arrived at the peer, or when hawser_settle says so") \
    X(link, confirm_strict, "confirm.strict", toggle, "off", "off|on", \
      "fail instead of falling back to none where confirm=peer can't be had") \
    X(link, confirm_timeout, "confirm.timeout", duration, "5s", "1ms..1h", \
      "time after which an unanswered barrier is asked anew") \
    X(link, confirm_interval, "confirm.interval", duration, "1ms", "0ms..1h", \
      "shortest time between two barriers of a wire") \
    X(link, confirm_window, "confirm.window", integer, "0", "0..1000000000", \
      "messages in flight, handed to a wire and not yet confirmed; 0: all that the spool may hold") \
    X(link, spool_max_messages, "spool.max_messages", integer, "1000000", "1..1000000000", \
      "messages accepted and not yet settled") \
    X(link, spool_max_bytes, "spool.max_bytes", size, "64MiB", "1..1TiB", \
      "payload bytes accepted and not yet settled; one message always fits") \
    X(link, spool, "spool", text, "memory", "", \
      "where messages wait: memory, or file:PATH, which survives the process") \
    X(link, spool_commit, "spool.commit", duration, "10ms", "0ms..1h", \
      "time within which what was sent is written to the spool's file; SYNC sends do not wait for it") \
    X(link, spool_file_max, "spool.file_max", size, "1GiB", "64KiB..1TiB", \
      "how large the spool's file may grow") \
    X(link, overflow, "overflow", choice, "refuse", "refuse|block|drop-oldest|drop-newest", \
      "what hawser_send does when the spool is full") \
    X(link, message_ttl, "message.ttl", duration, "off", "off, 1ms..24h", \
      "time after which a message that still waits is given up; hawser_send_with may give it one of its own") \
    X(link, rate_messages, "rate.messages", integer, "off", "off, 1..1000000000", \
      "messages a second that are handed to a wire, greetings among them") \
    X(link, rate_burst, "rate.burst", integer, "1", "1..1000000000", \
      "messages that may go out at once after a pause, with rate.messages") \
    X(link, receipts_max, "receipts.max", integer, "65536", "1..100000000", \
      "tagged messages whose receipt was not read yet") \
    X(link, receipts_gather, "receipts.gather", duration, "off", "off, 1ms..1h", \
      "so long may receipts of settled messages wait for later ones, to be told by the last of them alone; for those whose tags rise") \
    X(link, message_max, "message.max", size, "16MiB", "1..2GiB", \
      "largest message, both ways; a peer that sends more is lost") \
    X(link, receive_max_messages, "receive.max_messages", integer, "65536", "1..100000000", \
      "messages received and not yet read, before the peer is made to wait") \
    X(link, receive_max_bytes, "receive.max_bytes", size, "4MiB", "1..1TiB", \
      "payload bytes received and not yet read, before the peer is made to wait") \
    X(link, standing_max, "standing.max", integer, "10000", "1..1000000", \
      "standing messages of a link") \
    X(link, offer_type, "offer.type", choice, "dealer", "dealer|pair|push|pull|pub", \
      "with hawser_link_offer: the ZeroMQ socket that others connect to") \
    X(link, offer_kind, "offer.kind", choice, "binary", "binary|text", \
      "with hawser_link_offer: how what comes to that socket is sent") \
    X(link, rpc_timeout, "rpc.timeout", duration, "30s", "off, 1ms..24h", \
      "with hawser_rpc_open: time for a call that names none") \
    X(link, rpc_calls_max, "rpc.calls_max", integer, "4096", "1..65536", \
      "with hawser_rpc_open: calls that are open, or whose answer was not collected") \
    X(link, rpc_depth_max, "rpc.depth_max", integer, "32", "4..32", \
      "with hawser_rpc_open: how deep what a peer sends may be; 32 is what msgpack-c unpacks") \
    X(link, rpc_elements_max, "rpc.elements_max", integer, "262144", "4..100000000", \
      "with hawser_rpc_open: of how many elements what a peer sends may be") \
    X(link, wire_buffer, "wire.buffer", size, "256KiB", "4KiB..64MiB", \
      "bytes that a wire takes ahead of the operating system; over ZeroMQ zmq.buffer is meant") \
    X(link, framing, "framing", choice, "length32", "length32|line|msgpack|raw", \
      "where messages end in tcp://, tls:// and unix://: behind a 32-bit length, at a line feed, as MessagePack objects, or wherever they arrive") \
    X(link, tls_ca, "tls.ca", text, "", "", \
      "PEM file of the certificate authorities to trust; empty: the system's") \
    X(link, tls_cert, "tls.cert", text, "", "", \
      "PEM file of the client certificate") \
    X(link, tls_key, "tls.key", text, "", "", \
      "PEM file of the client certificate's private key") \
    X(link, tls_server_name, "tls.server_name", text, "", "", \
      "name to ask for (SNI) and to check; empty: the URL's host") \
    X(link, tls_insecure, "tls.insecure", toggle, "off", "off|on", \
      "accept any certificate; for trying things only") \
    X(link, ws_protocol, "ws.protocol", text, "", "", \
      "WebSocket subprotocols to offer, separated by commas") \
    X(link, ws_origin, "ws.origin", text, "", "", \
      "Origin header") \
    X(link, ws_header, "ws.header", list, "", "", \
      "one more header for the upgrade, as \"Name: value\"; may be set again and again") \
    X(link, zmq_multipart, "zmq.multipart", choice, "topic", "topic|delimited|packed", \
      "how a ZeroMQ message of several frames is one message: its topic and its bytes; an empty frame and its bytes; all frames in its bytes, each behind its length") \
    X(link, zmq_identity, "zmq.identity", text, "", "", \
      "routing id by which a ROUTER knows this link; empty: the ROUTER makes one") \
    X(link, zmq_buffer, "zmq.buffer", size, "1MiB", "4KiB..64MiB", \
      "bytes of a connection that libzmq holds on their way out") \
    X(link, zmq_sndhwm, "zmq.sndhwm", integer, "1000", "1..1000000", \
      "messages of a connection that libzmq holds on their way out, within zmq.buffer") \
    X(link, zmq_rcvhwm, "zmq.rcvhwm", integer, "256", "1..1000000", \
      "messages of a connection that libzmq holds on their way in") \
    X(link, zmq_curve_server_key, "zmq.curve_server_key", text, "", "", \
      "CURVE: public key of the server that is connected to, in Z85") \
    X(link, zmq_curve_public_key, "zmq.curve_public_key", text, "", "", \
      "CURVE: public key of this side, in Z85") \
    X(link, zmq_curve_secret_key, "zmq.curve_secret_key", text, "", "", \
      "CURVE: secret key of this side, in Z85; with bind=1 it makes this side the server") \
    X(link, zmq_plain_username, "zmq.plain_username", text, "", "", \
      "PLAIN: user name for the server that is connected to") \
    X(link, zmq_plain_password, "zmq.plain_password", text, "", "", \
      "PLAIN: password; it travels unencrypted") \
    X(link, zmq_context, "zmq.context", integer, "off", "off, 1..9007199254740991", \
      "address of the application's own ZeroMQ context, as a number, for sockets to be made in; it must outlive the bus") \
    X(link, auth_user, "auth.user", text, "", "", \
      "user name for basic authentication") \
    X(link, auth_password, "auth.password", text, "", "", \
      "password for basic authentication") \
    X(link, proxy, "proxy", text, "", "", \
      "HTTP CONNECT proxy, as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT") \
    X(link, on_unreachable, "on.unreachable", choice, "retry", "retry|next|fail", \
      "when the endpoint can't be reached") \
    X(link, on_config, "on.config", choice, "fail", "retry|next|fail", \
      "when an option turns out to be wrong at a dial, such as a tls.ca that can't be read") \
    X(link, on_tls, "on.tls", choice, "fail", "retry|next|fail", \
      "when the certificate, the TLS handshake, or ZeroMQ's CURVE or PLAIN handshake is refused") \
    X(link, on_http_401, "on.http_401", choice, "fail", "retry|next|fail", \
      "when the upgrade is answered 401 Unauthorized (407 likewise)") \
    X(link, on_http_403, "on.http_403", choice, "fail", "retry|next|fail", \
      "when the upgrade is answered 403 Forbidden") \
    X(link, on_http_404, "on.http_404", choice, "fail", "retry|next|fail", \
      "when the upgrade is answered 404 Not Found (410 likewise)") \
    X(link, on_http, "on.http", choice, "retry", "retry|next|fail", \
      "when the upgrade is answered with any other HTTP status") \
    X(link, on_protocol, "on.protocol", choice, "retry", "retry|next|fail", \
      "when the peer breaks the protocol") \
    X(link, on_too_big, "on.too_big", choice, "retry", "retry|next|fail", \
      "when the peer sends a message above message.max") \
    X(link, on_close_1003, "on.close_1003", choice, "fail", "retry|next|fail", \
      "when the peer closes with 1003, unsupported data (1007, 1010 likewise)") \
    X(link, on_close_1008, "on.close_1008", choice, "fail", "retry|next|fail", \
      "when the peer closes with 1008, policy violation") \
    X(link, on_close, "on.close", choice, "retry", "retry|next|fail", \
      "when the peer closes with any other code")
// clang-format on

#endif
