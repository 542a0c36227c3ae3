// hello.c - sends one message, and prints the answer and what the link says.
#include <stdio.h>

#include <hawser/hawser.h>

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    hawser_bus *bus;
    hawser_link link;
    hawser_item item;
    int answers = 0;

    if (*url == '-') {
        return printf("usage: hello [URL]\n") < 0;
    }
    if (hawser_bus_open(NULL, &bus) != HAWSER_OK ||
        hawser_link_open(bus, url, NULL, &link) != HAWSER_OK ||
        hawser_send_text(bus, link, "hello") != HAWSER_OK) {
        fprintf(stderr, "hello: %s\n", hawser_last_error());
        return 1;
    }
    while (answers == 0 && hawser_receive(bus, &item, 5000) == HAWSER_OK) {
        if (item.kind == HAWSER_ITEM_EVENT) {
            printf("%s %s\n", hawser_state_name(item.event->state),
                   item.event->error);
        } else if (item.kind == HAWSER_ITEM_MESSAGE) {
            answers++;
            printf("answer: %.*s\n", (int)hawser_message_size(item.message),
                   (const char *)hawser_message_bytes(item.message));
        }
        hawser_item_drop(&item);
    }
    return hawser_bus_close(bus, 1000) == HAWSER_OK && answers > 0 ? 0 : 1;
}
