// json.c - JSON over a link, with jansson.
//
// Hawser carries bytes and leaves their meaning to the application, so it needs
// no JSON library of its own, and yours need not be jansson. send_json and
// read_json are all there is to it: copy them.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hawser/hawser.h>

enum { PATIENCE_MS = 5000 };

// Sends a value as one text message. What hawser_send_text answers, or
// INVALID: the value can't be written as JSON. The value stays the caller's.
static hawser_status
send_json(hawser_bus *bus, hawser_link link, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    hawser_status status;

    if (text == NULL) {
        return HAWSER_INVALID;
    }
    status = hawser_send_text(bus, link, text);
    free(text);
    return status;
}

// The value in a message, for the caller to json_decref; NULL if it holds none.
// Nothing is copied on the way: jansson reads the message's own bytes.
static json_t *
read_json(const hawser_message *message, json_error_t *error)
{
    return json_loadb(hawser_message_bytes(message),
                      hawser_message_size(message), JSON_DECODE_ANY, error);
}

static hawser_status
ask(hawser_bus *bus, hawser_link link)
{
    json_t *question =
        json_pack("{s:s, s:i, s:[i,i,i]}", "op", "sum", "id", 7, "of", 1, 2, 3);
    hawser_status status = send_json(bus, link, question);

    json_decref(question);
    return status;
}

// 1 if the message is the answer to the question, by its id.
static int
is_answer(const hawser_message *message)
{
    json_error_t error;
    json_t *value = read_json(message, &error);
    int id = -1;

    if (value == NULL) {
        fprintf(stderr, "json: not JSON: %s\n", error.text);
        return 0;
    }
    if (json_unpack_ex(value, &error, 0, "{s:i}", "id", &id) != 0) {
        fprintf(stderr, "json: no answer: %s\n", error.text);
    } else {
        printf("answer %d: ", id);
        (void)json_dumpf(value, stdout, JSON_COMPACT); // for show
        putchar('\n');
    }
    json_decref(value);
    return id == 7;
}

int
main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/echo";
    hawser_bus *bus;
    hawser_link link;
    hawser_item item;
    int answered = 0;

    if (strcmp(url, "--help") == 0) {
        puts("usage: json [URL]\n\nSends a JSON object, and ends with the "
             "answer that has its id.\nTry it with: hawser serve "
             "ws://127.0.0.1:9000");
        return 0;
    }
    if (hawser_bus_open(NULL, &bus) != HAWSER_OK ||
        hawser_link_open(bus, url, NULL, &link) != HAWSER_OK) {
        fprintf(stderr, "json: %s\n", hawser_last_error());
        return 1;
    }
    if (ask(bus, link) != HAWSER_OK) {
        fprintf(stderr, "json: the question was not taken\n");
    }
    while (!answered && hawser_receive(bus, &item, PATIENCE_MS) == HAWSER_OK) {
        answered = item.kind == HAWSER_ITEM_MESSAGE && is_answer(item.message);
        hawser_item_drop(&item);
    }
    return hawser_bus_close(bus, 1000) == HAWSER_OK && answered ? 0 : 1;
}
