// tell.h - tells events of a link, on stderr.
#ifndef HAWSER_TOOL_TELL_H
#define HAWSER_TOOL_TELL_H

#include <hawser/hawser.h>

#include "command.h"
#include "link_flags.h"

// One line for a person, or one JSON object, if the event is worth it at this
// loudness. was_up: the link was up before.
void
tell_event(const struct link_flags *flags, const hawser_event *event,
           bool was_up);

// A line of the library's log as a JSON object; a hawser_log_sink.
void
tell_log_as_json(int level, const char *line, void *user);

// "hawser: sentence", whatever the loudness.
void
tell_failure(const struct link_flags *flags, const char *sentence);

// The class of what went wrong.
enum tool_exit
tell_class(const hawser_event *event);

#endif
