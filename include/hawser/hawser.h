// hawser/hawser.h - the whole public interface for applications.
//
//   hawser_bus *bus;
//   hawser_link link;
//   hawser_item item;
//   hawser_bus_open(NULL, &bus);
//   hawser_link_open(bus, "ws://127.0.0.1:8080/", NULL, &link);
//   hawser_send_text(bus, link, "hello");
//   while (hawser_receive(bus, &item, 1000) == HAWSER_OK) {
//       … item.kind …
//       hawser_item_drop(&item);
//   }
//   hawser_bus_close(bus, 1000);
#ifndef HAWSER_HAWSER_H
#define HAWSER_HAWSER_H

#include <hawser/bus.h>
#include <hawser/inbox.h>
#include <hawser/link.h>
#include <hawser/message.h>
#include <hawser/options.h>
#include <hawser/status.h>
#include <hawser/zmq.h>

#endif
