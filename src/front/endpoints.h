// endpoints.h - from a text of URLs to the plan of a link.
#ifndef HW_FRONT_ENDPOINTS_H
#define HW_FRONT_ENDPOINTS_H

#include <hawser/status.h>

#include "values/plan.h"

// urls: one URL, or several separated by white space. Takes over the hold on
// settings on OK. INVALID, UNKNOWN, NO_MEMORY: hawser_last_error says why.
hawser_status
hw_endpoints_plan(const char *urls, struct hawser_settings *settings,
                  struct hw_plan **plan);

// Can every endpoint of the plan carry the message? INVALID: hawser_last_error
// says why not.
hawser_status
hw_endpoints_carry(const struct hw_plan *plan, const hawser_message *message);

#endif
