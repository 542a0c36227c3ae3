// survey.c - is that file whole?
//
// What LMDB 0.9 writes: two pages with a meta each, of which the one with the
// higher transaction number is in force; and two trees, of the records and of
// the pages that are free. Each page is to be met once, and to be what its tree
// says that it is. The numbers below are offsets in LMDB's structs (mdb.c).
#include "disk/survey.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE_HEAD = 16,
    AT_PAGE_FLAGS = 10,
    AT_LOWER = 12,
    AT_UPPER = 14,
    AT_OVERFLOW_PAGES = 12,
    AT_MAGIC = 16,
    AT_VERSION = 20,
    AT_FREE = 40, // tree of the free pages
    AT_MAIN = 88, // tree of the records
    AT_LAST_PAGE = 136,
    AT_TXN = 144,
    META_SIZE = 152,
    AT_DEPTH = 6, // in a tree
    AT_TREE_FLAGS = 4,
    AT_ENTRIES = 32,
    AT_ROOT = 40,
    NODE_HEAD = 8,
    PAGE_MAX = 32768,
    UNWRITTEN_MAX = 1 << 20, // pages at the end that are free; chosen
    DEPTH_MAX = 32,
};

enum { IS_BRANCH = 1, IS_LEAF = 2, IS_OVERFLOW = 4, IS_META = 8 };
enum { NODE_BIG = 1 };

static const uint32_t MAGIC = 0xBEEFC0DE, VERSION = 1;
static const uint64_t NO_PAGE = UINT64_MAX;

struct place {
    uint64_t page;
    unsigned depth;
};

struct survey {
    int fd;
    char *sentence;
    uint64_t size; // of the file
    uint64_t pages;
    uint32_t page_size;
    bool of_free;  // the tree that is walked
    unsigned tree; // offset of it in the meta
    uint64_t entries;
    uint8_t meta[META_SIZE];
    uint8_t *seen; // a bit for each page
    struct place *ahead;
    uint64_t ahead_count;
    uint8_t page[PAGE_MAX];
};

static uint64_t
number_at(const uint8_t *from, unsigned size)
{
    uint64_t number = 0;

    memcpy(&number, from, size); // LMDB's files are of one byte order
    return number;
}

static hawser_status
damaged(struct survey *self, const char *how, uint64_t page)
{
    (void)snprintf(self->sentence, HW_SENTENCE_SIZE, "is damaged: page %llu %s",
                   (unsigned long long)page, how);
    return HAWSER_INVALID;
}

static hawser_status
no_spool(struct survey *self, const char *what)
{
    (void)snprintf(self->sentence, HW_SENTENCE_SIZE, "%s", what);
    return HAWSER_INVALID;
}

static hawser_status
read_at(struct survey *self, uint64_t offset, void *to, size_t size)
{
    ssize_t got = pread(self->fd, to, size, (off_t)offset);

    if (got < 0) {
        (void)snprintf(self->sentence, HW_SENTENCE_SIZE, "can't be read: %s",
                       strerror(errno));
        return HAWSER_SYSTEM;
    }
    return (size_t)got == size ? HAWSER_OK : no_spool(self, "is cut short");
}

static bool
mark(struct survey *self, uint64_t page)
{
    uint8_t bit = (uint8_t)(1U << page % 8);

    if (page < 2 || page >= self->pages || (self->seen[page / 8] & bit) != 0) {
        return false;
    }
    self->seen[page / 8] |= bit;
    return true;
}

// Only pages that were written are ever ahead, each once: so there is room.
static bool
visit_later(struct survey *self, uint64_t page, unsigned depth)
{
    if (page >= self->size / self->page_size || !mark(self, page)) {
        return false;
    }
    self->ahead[self->ahead_count++] = (struct place){ page, depth };
    return true;
}

// ---- metas ----

static bool
is_page_size(uint64_t size)
{
    return size >= 512 && size <= PAGE_MAX && (size & (size - 1)) == 0;
}

static hawser_status
read_meta(struct survey *self, uint64_t offset, uint8_t meta[META_SIZE])
{
    hawser_status status = read_at(self, offset, meta, META_SIZE);

    if (status != HAWSER_OK) {
        return status;
    }
    if (number_at(meta + AT_MAGIC, 4) != MAGIC ||
        (number_at(meta + AT_PAGE_FLAGS, 2) & IS_META) == 0) {
        return no_spool(self, "is no spool of Hawser");
    }
    if (number_at(meta + AT_VERSION, 4) != VERSION) {
        return no_spool(self, "is of another version of LMDB");
    }
    return is_page_size(number_at(meta + AT_FREE, 4))
               ? HAWSER_OK
               : damaged(self, "has no size", 0);
}

static hawser_status
read_metas(struct survey *self)
{
    uint8_t other[META_SIZE];
    hawser_status status;

    if (self->size < META_SIZE) {
        return no_spool(self, "is no spool of Hawser");
    }
    status = read_meta(self, 0, self->meta);
    if (status == HAWSER_OK) {
        self->page_size = (uint32_t)number_at(self->meta + AT_FREE, 4);
        status = read_meta(self, self->page_size, other);
    }
    if (status == HAWSER_OK &&
        number_at(other + AT_TXN, 8) > number_at(self->meta + AT_TXN, 8)) {
        memcpy(self->meta, other, sizeof other);
    }
    if (status == HAWSER_OK &&
        number_at(self->meta + AT_FREE, 4) != self->page_size) {
        status = damaged(self, "is of another size", 1);
    }
    return status;
}

// ---- pages ----

// What free pages a node of their tree lists: a count, then so many numbers.
static hawser_status
mark_free(struct survey *self, uint64_t page, const uint8_t *data, size_t size)
{
    uint64_t count = size >= 8 ? number_at(data, 8) : UINT64_MAX;

    if (count >= size / 8) {
        return damaged(self, "lists free pages that are none", page);
    }
    for (uint64_t i = 1; i <= count; i++) {
        if (!mark(self, number_at(data + 8 * i, 8))) {
            return damaged(self, "lists a page as free that is not", page);
        }
    }
    return HAWSER_OK;
}

static hawser_status
survey_big(struct survey *self, uint64_t page, uint64_t first, size_t size)
{
    uint64_t count = (size + PAGE_HEAD - 1) / self->page_size + 1;
    uint64_t offset = first * self->page_size;
    uint8_t head[PAGE_HEAD];
    uint8_t *data;
    hawser_status status;

    for (uint64_t i = 0; i < count; i++) {
        if (first > self->pages || !mark(self, first + i)) {
            return damaged(self, "points where nothing is", page);
        }
    }
    if (offset + PAGE_HEAD + size > self->size) {
        return no_spool(self, "is cut short");
    }
    status = read_at(self, offset, head, sizeof head);
    if (status != HAWSER_OK) {
        return status;
    }
    if ((number_at(head + AT_PAGE_FLAGS, 2) & 0xf) != IS_OVERFLOW ||
        number_at(head, 8) != first ||
        number_at(head + AT_OVERFLOW_PAGES, 4) != count) {
        return damaged(self, "is not what it should be", first);
    }
    if (!self->of_free) {
        return HAWSER_OK;
    }
    data = malloc(size + 1);
    if (data == NULL) {
        return HAWSER_NO_MEMORY;
    }
    status = read_at(self, offset + PAGE_HEAD, data, size);
    if (status == HAWSER_OK) {
        status = mark_free(self, first, data, size);
    }
    free(data);
    return status;
}

static hawser_status
survey_leaf_node(struct survey *self, uint64_t page, const uint8_t *node,
                 size_t room)
{
    size_t size = number_at(node, 4);
    size_t key = number_at(node + 6, 2);
    unsigned flags = (unsigned)number_at(node + 4, 2);
    size_t here = (flags & NODE_BIG) != 0 ? 8 : size;

    self->entries++;
    if (key != 8 || (flags & ~(unsigned)NODE_BIG) != 0) {
        return self->of_free ? damaged(self, "has a node that is none", page)
                             : no_spool(self, "is no spool of Hawser");
    }
    if (here > room || NODE_HEAD + key > room - here) {
        return damaged(self, "has a node beyond its end", page);
    }
    if ((flags & NODE_BIG) != 0) {
        return survey_big(self, page, number_at(node + NODE_HEAD + key, 8),
                          size);
    }
    return self->of_free ? mark_free(self, page, node + NODE_HEAD + key, size)
                         : HAWSER_OK;
}

static hawser_status
survey_branch_node(struct survey *self, uint64_t page, const uint8_t *node,
                   size_t room, unsigned depth)
{
    uint64_t child = number_at(node, 6);
    size_t key = number_at(node + 6, 2);

    // The first key of a branch is left out.
    if ((key != 0 && key != 8) || NODE_HEAD + key > room) {
        return damaged(self, "has a node beyond its end", page);
    }
    if (visit_later(self, child, depth + 1)) {
        return HAWSER_OK;
    }
    return child < self->pages && child >= self->size / self->page_size
               ? no_spool(self, "is cut short")
               : damaged(self, "points where nothing is", page);
}

static hawser_status
survey_nodes(struct survey *self, const struct place *place, bool leaf)
{
    const uint8_t *page = self->page;
    size_t lower = number_at(page + AT_LOWER, 2);
    size_t upper = number_at(page + AT_UPPER, 2);
    size_t count = (lower - PAGE_HEAD) / 2;
    hawser_status status = HAWSER_OK;

    if (lower < PAGE_HEAD || lower > upper || upper > self->page_size ||
        count < (leaf || self->of_free ? 1 : 2)) {
        return damaged(self, "has no sense in it", place->page);
    }
    for (size_t i = 0; i < count && status == HAWSER_OK; i++) {
        size_t at = number_at(page + PAGE_HEAD + 2 * i, 2);

        if (at < upper || at + NODE_HEAD > self->page_size || at % 2 != 0) {
            return damaged(self, "has a node beyond its end", place->page);
        }
        status = leaf ? survey_leaf_node(self, place->page, page + at,
                                         self->page_size - at)
                      : survey_branch_node(self, place->page, page + at,
                                           self->page_size - at, place->depth);
    }
    return status;
}

static hawser_status
survey_page(struct survey *self, const struct place *place, unsigned depth)
{
    uint64_t offset = place->page * self->page_size;
    bool leaf = place->depth == depth;
    hawser_status status;

    status = read_at(self, offset, self->page, self->page_size);
    if (status != HAWSER_OK) {
        return status;
    }
    if (number_at(self->page, 8) != place->page ||
        (number_at(self->page + AT_PAGE_FLAGS, 2) & 0x2f) !=
            (leaf ? IS_LEAF : IS_BRANCH)) {
        return damaged(self, "is not what it should be", place->page);
    }
    return survey_nodes(self, place, leaf);
}

static hawser_status
survey_tree(struct survey *self, unsigned tree)
{
    const uint8_t *at = self->meta + tree;
    unsigned depth = (unsigned)number_at(at + AT_DEPTH, 2);
    uint64_t root = number_at(at + AT_ROOT, 8);
    hawser_status status = HAWSER_OK;

    self->entries = 0;
    self->of_free = tree == AT_FREE;
    if (!self->of_free && number_at(at + AT_TREE_FLAGS, 2) != 0) {
        return no_spool(self, "is no spool of Hawser");
    }
    if (depth > DEPTH_MAX || (root == NO_PAGE) != (depth == 0)) {
        return damaged(self, "has a root that is none", 0);
    }
    if (root != NO_PAGE && !visit_later(self, root, 1)) {
        return root < self->pages ? no_spool(self, "is cut short")
                                  : damaged(self, "has a root that is none", 0);
    }
    while (self->ahead_count > 0 && status == HAWSER_OK) {
        struct place place = self->ahead[--self->ahead_count];

        status = survey_page(self, &place, depth);
    }
    if (status == HAWSER_OK && number_at(at + AT_ENTRIES, 8) != self->entries) {
        status = damaged(self, "counts other records than there are", 0);
    }
    return status;
}

static hawser_status
survey_trees(struct survey *self)
{
    hawser_status status;

    self->pages = number_at(self->meta + AT_LAST_PAGE, 8) + 1;
    // Pages at the end that are free need not have been written.
    if (self->pages < 2 ||
        self->pages > self->size / self->page_size + UNWRITTEN_MAX) {
        return damaged(self, "has a last page that is none", 0);
    }
    self->seen = calloc(self->pages / 8 + 1, 1);
    self->ahead =
        malloc((self->size / self->page_size + 1) * sizeof self->ahead[0]);
    if (self->seen == NULL || self->ahead == NULL) {
        return HAWSER_NO_MEMORY;
    }
    status = survey_tree(self, AT_FREE);
    return status == HAWSER_OK ? survey_tree(self, AT_MAIN) : status;
}

hawser_status
hw_survey(int fd, char sentence[HW_SENTENCE_SIZE])
{
    struct survey *self = calloc(1, sizeof *self);
    struct stat file;
    hawser_status status = HAWSER_OK;

    if (self == NULL) {
        return HAWSER_NO_MEMORY;
    }
    self->fd = fd;
    self->sentence = sentence;
    if (fstat(fd, &file) != 0) {
        (void)snprintf(sentence, HW_SENTENCE_SIZE, "can't be read: %s",
                       strerror(errno));
        status = HAWSER_SYSTEM;
    } else if (file.st_size > 0) {
        self->size = (uint64_t)file.st_size;
        status = read_metas(self);
        status = status == HAWSER_OK ? survey_trees(self) : status;
    }
    free(self->seen);
    free(self->ahead);
    free(self);
    return status;
}
