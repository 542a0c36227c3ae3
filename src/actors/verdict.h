// verdict.h - what a loss means for a link: try again, elsewhere, or not.
#ifndef HW_ACTORS_VERDICT_H
#define HW_ACTORS_VERDICT_H

#include <stdint.h>

#include "values/report.h"
#include "values/settings.h"

// HW_ON_RETRY, HW_ON_NEXT or HW_ON_FAIL, by the options on.….
int64_t
hw_verdict(const struct hawser_settings *settings,
           const struct hw_report *report);

// What the peer asked for: not before so many ms; 0 if it did not ask.
uint64_t
hw_verdict_not_before_ms(const struct hw_report *report);

#endif
