// log.h - the gate that log lines pass.
//
// Levels as hawser_log_set has them: 1 errors, 2 warnings, 3 what a person
// wants to know, 4 every step of every link. A line above the gate costs one
// load.
#ifndef HW_BASE_LOG_H
#define HW_BASE_LOG_H

#include <stdatomic.h>

extern atomic_int hw_log_level;

void
hw_log(int level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define HW_LOG(level, ...)                                                     \
    do {                                                                       \
        if ((level) <=                                                         \
            atomic_load_explicit(&hw_log_level, memory_order_relaxed)) {       \
            hw_log((level), __VA_ARGS__);                                      \
        }                                                                      \
    } while (0)

#endif
