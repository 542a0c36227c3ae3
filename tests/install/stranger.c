// stranger.c - a program outside the tree that finds an installed Hawser.
#include <stdio.h>
#include <string.h>

#include <hawser/hawser.h>
#include <hawser/transport.h>

int
main(void)
{
    hawser_options *options;
    hawser_bus *bus;

    if (hawser_options_new(&options) != HAWSER_OK ||
        hawser_options_set(options, "backoff.max", "30s") != HAWSER_OK ||
        hawser_bus_open(options, &bus) != HAWSER_OK) {
        fprintf(stderr, "no bus: %s\n", hawser_last_error());
        return 1;
    }
    hawser_options_free(options);
    if (hawser_bus_close(bus, 0) != HAWSER_OK) {
        return 1;
    }
    printf("hawser %s\n", hawser_version());
    return strcmp(hawser_version(), STRANGER_EXPECTS) == 0 ? 0 : 1;
}
