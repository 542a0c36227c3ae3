// plugin_client.c - loads each file it is given, and says what came of it: from
// several threads at once, so that a race would show.
#include <hawser/hawser.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, SENTENCE_SIZE = 512 };

struct answer {
    const char *path;
    hawser_status status;
    char sentence[SENTENCE_SIZE];
};

static void *
load(void *user)
{
    struct answer *answer = user;

    answer->status = hawser_transport_load(answer->path);
    (void)snprintf(answer->sentence, SENTENCE_SIZE, "%s", hawser_last_error());
    return NULL;
}

// All threads must be told the same.
static int
load_everywhere(const char *path)
{
    struct answer answers[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        answers[i].path = path;
        if (pthread_create(&threads[i], NULL, load, &answers[i]) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        if (pthread_join(threads[i], NULL) != 0 ||
            answers[i].status != answers[0].status ||
            strcmp(answers[i].sentence, answers[0].sentence) != 0) {
            (void)fprintf(stderr, "thread %d: %s\n", i, answers[i].sentence);
            return 1;
        }
    }
    (void)printf("%s %s\n", hawser_status_name(answers[0].status),
                 answers[0].sentence);
    return 0;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (load_everywhere(argv[i]) != 0) {
            return 1;
        }
    }
    (void)printf("%s %s\n", hawser_status_name(hawser_transport_load(NULL)),
                 hawser_last_error());
    return 0;
}
