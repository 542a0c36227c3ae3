// report.h - what is told of one moment in a link's life, in words.
//
// Made where something happened (a wire opened, a wire lost, a deadline
// passed), never changed, shared by counting holds between the actors that pass
// it on and the application that reads it.
#ifndef HW_VALUES_REPORT_H
#define HW_VALUES_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hawser/transport.h>

struct hw_report {
    atomic_uint holds;
    hawser_cause cause; // of a loss
    int http_status;
    int close_code;
    int retry_after_ms; // -1: the peer asked for nothing
    int64_t at_ms;      // Unix time
    bool barriers;      // of an opened wire
    const char *peer;
    const char *protocol;
    const char *error;
    const char *reason;
    const char *headers;
};

// NULL: out of memory.
struct hw_report *
hw_report_opened(const hawser_opened *info);

// These never fail: without memory they answer a report that says so.
struct hw_report *
hw_report_lost(const hawser_lost *why);

// A loss that has nothing but a cause and a sentence.
struct hw_report *
hw_report_error(hawser_cause cause, const char *error);

// A report of the moment, with no words in it.
struct hw_report *
hw_report_now(void);

// The same words, told of this moment.
struct hw_report *
hw_report_again(const struct hw_report *report);

struct hw_report *
hw_report_hold(struct hw_report *report);

// NULL is allowed.
void
hw_report_drop(struct hw_report *report);

#endif
