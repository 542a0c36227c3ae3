// tell.h - tells events of a link, on stderr.
#ifndef HAWSER_TOOL_TELL_H
#define HAWSER_TOOL_TELL_H

#include <hawser/hawser.h>

#include "command.h"
#include "link_flags.h"

// One line for a person, or one JSON object, if the event is worth it at this
// loudness. lost_before: the link was up once.
void
tell_event(const struct link_flags *flags, const hawser_event *event,
           bool was_up);

// "hawser: sentence", whatever the loudness.
void
tell_failure(const struct link_flags *flags, const char *sentence);

// The class of what went wrong.
enum tool_exit
tell_class(const hawser_event *event);

#endif
