// faulty.h - what the example calls where it is compiled to have a fault.
#ifndef HAWSER_TESTS_FAULTY_H
#define HAWSER_TESTS_FAULTY_H

#include <hawser/transport.h>

void
fault_opened(hawser_port *port, const hawser_opened *info);

void
fault_writable(hawser_port *port);

void
fault_passed(hawser_port *port, uint64_t number);

hawser_status
fault_received(hawser_port *port, hawser_kind kind, const void *topic,
               size_t topic_size, const void *bytes, size_t size);

void
fault_alive(hawser_port *port);

void
fault_lost(hawser_port *port, const hawser_lost *why);

void
fault_refused(hawser_port *port, size_t index, const char *sentence);

void
fault_note(hawser_port *port, const char *sentence);

const char *
fault_name(const hawser_port *port);

const char *
fault_setting_text(const hawser_settings *settings, const char *name);

int64_t
fault_setting_number(const hawser_settings *settings, const char *name);

#endif
