// status.c - the words of each status, and the library's version.
#include <hawser/status.h>

#include <stddef.h>

#include <hawser/bus.h>

static const struct {
    hawser_status status;
    const char *name;
    const char *sentence;
} list[] = {
#define STATUS_ROW(name, number, sentence) { HAWSER_##name, #name, sentence },
    HAWSER_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

enum { STATUSES = sizeof list / sizeof list[0] };

const char *
hawser_status_text(hawser_status status)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (list[i].status == status) {
            return list[i].sentence;
        }
    }
    return "a number that is no status of Hawser";
}

const char *
hawser_status_name(hawser_status status)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (list[i].status == status) {
            return list[i].name;
        }
    }
    return "NONE";
}

const char *
hawser_version(void)
{
    return HAWSER_VERSION;
}
