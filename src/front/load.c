// load.c - transports that the application brings along.
#include <stdlib.h>
#include <string.h>

#include "front/bus.h"
#include "wire/plugin.h"

enum { SENTENCE_SIZE = 512 };

static hawser_status
load(const char *path)
{
    char sentence[SENTENCE_SIZE] = "";
    hawser_status status = hw_plugin_load(path, sentence, sizeof sentence);

    if (status != HAWSER_OK) {
        hw_error_set("%s", sentence);
    }
    return status;
}

hawser_status
hawser_transport_load(const char *path)
{
    hw_error_clear();
    if (path == NULL || path[0] == '\0') {
        hw_error_set("a path is missing");
        return HAWSER_INVALID;
    }
    return load(path);
}

hawser_status
hw_load_listed(const char *paths)
{
    char *copy = strdup(paths), *rest = copy, *path;
    hawser_status status = HAWSER_OK;

    if (copy == NULL) {
        hw_error_set("out of memory");
        return HAWSER_NO_MEMORY;
    }
    while (status == HAWSER_OK && (path = strsep(&rest, ",")) != NULL) {
        if (path[0] != '\0') {
            status = load(path);
        }
    }
    free(copy);
    return status;
}
