// letter.c - the vocabulary as tables: names, routes, and the printed page.
#include "post/letter.h"

#include <stddef.h>

struct route {
    uint8_t from, to;
    uint16_t kind;
};

static const char *const letter_names[HW_LETTERS] = {
#define LETTER_NAME(kind, sentence) #kind,
    HW_LETTER_LIST(LETTER_NAME)
#undef LETTER_NAME
};

static const char *const letter_sentences[HW_LETTERS] = {
#define LETTER_SENTENCE(kind, sentence) sentence,
    HW_LETTER_LIST(LETTER_SENTENCE)
#undef LETTER_SENTENCE
};

static const char *const name_texts[HW_NAMES] = {
#define NAME_TEXT(name, text) text,
    HW_NAME_LIST(NAME_TEXT)
#undef NAME_TEXT
};

static const struct route routes[] = {
#define ROUTE(from, to, kind) { HW_##from, HW_##to, HW_LETTER_##kind },
    HW_ROUTE_LIST(ROUTE)
#undef ROUTE
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

const char *
hw_letter_name(unsigned kind)
{
    return kind < HW_LETTERS ? letter_names[kind] : "no letter";
}

const char *
hw_name_text(unsigned name)
{
    return name < HW_NAMES ? name_texts[name] : "nobody";
}

int
hw_route_known(unsigned from, unsigned to, unsigned kind)
{
    for (size_t i = 0; i < ROUTES; i++) {
        if (routes[i].from == from && routes[i].to == to &&
            routes[i].kind == kind) {
            return 1;
        }
    }
    return 0;
}

int
hw_route_any(unsigned from, unsigned to)
{
    for (size_t i = 0; i < ROUTES; i++) {
        if (routes[i].from == from && routes[i].to == to) {
            return 1;
        }
    }
    return 0;
}

static void
print_routes(FILE *out, unsigned kind)
{
    const char *between = "";

    for (size_t i = 0; i < ROUTES; i++) {
        if (routes[i].kind == kind) {
            fprintf(out, "%s%s → %s", between, hw_name_text(routes[i].from),
                    hw_name_text(routes[i].to));
            between = "<br>";
        }
    }
}

void
hw_letters_markdown(FILE *out)
{
    fprintf(out, "# Letters\n\n"
                 "What the actors say to each other, printed from "
                 "`src/post/letter.h`. A letter is a\nfixed 32-byte value: "
                 "kind, note, link, wire, count, number, thing. What `thing` "
                 "points\nat goes over to the one who hears the letter.\n\n"
                 "| letter | from → to | what it says |\n"
                 "| --- | --- | --- |\n");
    for (unsigned kind = 0; kind < HW_LETTERS; kind++) {
        fprintf(out, "| `%s` | ", letter_names[kind]);
        print_routes(out, kind);
        fprintf(out, " | %s |\n", letter_sentences[kind]);
    }
}
