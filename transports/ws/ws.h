// ws.h - the WebSocket transport: ws:// and wss://.
#ifndef HW_WS_H
#define HW_WS_H

#include <hawser/transport.h>

extern const hawser_transport hawser_transport_ws;

#endif
