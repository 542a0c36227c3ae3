// plugin.h - transports from shared objects.
#ifndef HW_WIRE_PLUGIN_H
#define HW_WIRE_PLUGIN_H

#include <stddef.h>

#include <hawser/status.h>

// Loads the transport that the file at path exports, and adds it to the
// schemes. What was taken is never unloaded. On anything but OK sentence says
// why, and nothing changed. Any thread.
hawser_status
hw_plugin_load(const char *path, char *sentence, size_t size);

#endif
