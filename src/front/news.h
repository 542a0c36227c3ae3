// news.h - events as frames, for those who know nothing but ZeroMQ.
#ifndef HW_FRONT_NEWS_H
#define HW_FRONT_NEWS_H

#include <hawser/inbox.h>

// What the first frame of an event is: "up", "ask" …
const char *
hw_news_name(const hawser_event *event);

// Its second: lines of "name: value", malloc'd; NULL: out of memory.
char *
hw_news_text(hawser_link link, const hawser_event *event);

// The same, of a message that could not be sent.
char *
hw_news_refused(hawser_link link, const char *error, size_t size);

#endif
