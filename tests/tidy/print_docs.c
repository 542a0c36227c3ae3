// print_docs.c - prints docs/letters.md, link_life.md and options.md.
//
// They are printed from the tables that the code works by, so that what they
// say is what it does. tidy_test.py compares.
#include <stdio.h>
#include <string.h>

#include "actors/link_state.h"
#include "post/letter.h"
#include "values/settings.h"

static const struct page {
    const char *name;
    void (*print)(FILE *out);
} pages[] = {
    { "letters", hw_letters_markdown },
    { "link_life", hw_link_life_markdown },
    { "options", hw_options_markdown },
};

enum { PAGES = sizeof pages / sizeof pages[0] };

static int
usage(void)
{
    fprintf(stderr, "usage: print_docs letters|link_life|options\n");
    return 1;
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        return usage();
    }
    for (int i = 0; i < PAGES; i++) {
        if (strcmp(argv[1], pages[i].name) == 0) {
            pages[i].print(stdout);
            return fflush(stdout) == 0 ? 0 : 1;
        }
    }
    return usage();
}
